/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CSV as RFC 4180 has it, but with lines that end in a mere newline: a header,
 * then a line per record.  A column is empty where a record has no such field.
 * Numbers are decimal; bytes are hexadecimal.
 */
#include <string.h>

#include "export_columns.h"

static void put_text(FILE *f, const char *s)
{
    if ( !s[strcspn(s, ",\"\r\n")] )
    {
        fputs_unlocked(s, f);
        return;
    }

    putc_unlocked('"', f);
    for ( ; *s; s++ )
    {
        if ( *s == '"' )
            putc_unlocked('"', f);
        putc_unlocked(*s, f);
    }
    putc_unlocked('"', f);
}

static void put_number(FILE *f, uint64_t n, bool sign)
{
    char buf[20], *p = buf + sizeof(buf);

    if ( sign && (int64_t)n < 0 )
    {
        putc_unlocked('-', f);
        n = 0 - n;
    }
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while ( n );
    fwrite_unlocked(p, 1, (size_t)(buf + sizeof(buf) - p), f);
}

static void put_value(FILE *f, const struct export_row *row, unsigned int i)
{
    static const char hex[] = "0123456789abcdef";
    const struct export_column *c = &export_columns[i];
    size_t n;

    switch ( c->type )
    {
    case COL_INT:
        put_number(f, row->number[i], c->sign);
        break;

    case COL_BYTES:
        for ( n = 0; n < row->raw_len; n++ )
        {
            putc_unlocked(hex[row->raw[n] >> 4], f);
            putc_unlocked(hex[row->raw[n] & 15], f);
        }
        break;

    default:
        put_text(f, row->text[i]);
        break;
    }
}

static int begin(struct idtap_export *x)
{
    unsigned int i;

    for ( i = 0; i < COL_NR; i++ )
        fprintf(x->out, "%s%c", export_columns[i].name,
                i + 1 < COL_NR ? ',' : '\n');
    return 0;
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    struct export_row row;
    unsigned int i;

    export_row_fill(&row, x, cpu, r);
    for ( i = 0; i < COL_NR; i++ )
    {
        if ( row.present >> i & 1 )
            put_value(x->out, &row, i);
        putc_unlocked(i + 1 < COL_NR ? ',' : '\n', x->out);
    }
    return 0;
}

static int end(struct idtap_export *x)
{
    (void)x;
    return 0;
}

const struct idtap_export_ops export_csv_ops = {
    .begin = begin,
    .record = record,
    .end = end,
};
