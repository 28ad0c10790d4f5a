/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Red-black trees and lists whose links are part of their elements: libbsd's <sys/tree.h>, the C
 * library's <sys/queue.h>. Inserting needs no memory, no operation costs more than O(log n) steps,
 * and none of them is longer because the table grows. That holds for any keys: nobody who chooses
 * some can make others slow.
 *
 * RB_ENTRY is in the element, RB_HEAD the tree; TREE_GENERATE, in the file that owns a tree, makes
 * its functions. A tree of zeros is empty; a list has to be initialised.
 */
#ifndef SESSMGR_TREE_H
#define SESSMGR_TREE_H

#include <bsd/sys/tree.h>
#include <sys/queue.h>

/* RB_GENERATE_STATIC, for which libbsd does not define the __unused that it asks for. */
#define TREE_GENERATE(name, type, field, compare) \
    RB_GENERATE_INTERNAL(name, type, field, compare, static __attribute__((unused)))

#endif
