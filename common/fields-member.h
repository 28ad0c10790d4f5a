/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a field of a table lives in a structure: the one place that turns offsets into pointers.
 */
#ifndef SESSMGR_FIELDS_MEMBER_H
#define SESSMGR_FIELDS_MEMBER_H

#include "common/fields.h"

static inline void *member_of(void *structure, const struct field *field)
{
    return (char *)structure + field->offset;
}

static inline const void *const_member_of(const void *structure, const struct field *field)
{
    return (const char *)structure + field->offset;
}

#endif
