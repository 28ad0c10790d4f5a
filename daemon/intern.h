/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Texts that many share: each is kept once, for as long as somebody uses it.
 */
#ifndef SESSMGR_INTERN_H
#define SESSMGR_INTERN_H

#include "daemon/tree.h"

struct interned;

RB_HEAD(intern_table, interned);

/* The one copy of a text, which lives until it was let go as often as it was taken; NULL when there
 * is no memory. */
const char *intern_take(struct intern_table *table, const char *text);

/* Lets a text go that intern_take() has given. Accepts NULL. */
void intern_release(struct intern_table *table, const char *text);

#endif
