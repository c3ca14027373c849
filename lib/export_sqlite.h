/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of the SQLite export know of each other. */
#ifndef IDTAP_EXPORT_SQLITE_H
#define IDTAP_EXPORT_SQLITE_H

#include "export_columns.h"

/*
 * Is this column in the table of rings' records, or of those of "meta"?  Words
 * are in tables of their own, the time of day is a view's.
 */
static inline bool export_sqlite_has(unsigned int column, bool meta)
{
    const struct export_column *c = &export_columns[column];

    if ( column == COL_WALL_NS )
        return false;
    if ( column == COL_EVENT )
        return true; /* its number */
    if ( c->type == COL_WORD )
        return false;
    if ( !meta )
        return !c->meta;
    return c->meta || column == COL_TIME_NS || column == COL_TSC ||
           column == COL_DOMAIN || column == COL_RAW;
}

/* SQL that makes the tables, and what is made when they are filled. */
int export_sqlite_tables(FILE *f);
int export_sqlite_views(FILE *f);

#endif /* IDTAP_EXPORT_SQLITE_H */
