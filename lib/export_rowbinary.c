/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ClickHouse's RowBinary: values one after the other, little endian, in the
 * order of the table's columns, without any header.  So the table's definition
 * and the bytes are made from the same list here.
 *
 * Columns that a record may lack are Nullable, a byte before the value; words
 * are not: the empty string says as much, and costs less.
 */
#include <inttypes.h>
#include <string.h>

#include "export_columns.h"

static void put_int(FILE *f, uint64_t n, unsigned int bytes)
{
    fwrite_unlocked(&n, 1, bytes, f); /* x86 is little endian */
}

static void put_string(FILE *f, const void *s, size_t len)
{
    size_t n = len;

    for ( ; n >= 0x80; n >>= 7 )
        putc_unlocked((int)(n & 0x7f) | 0x80, f);
    putc_unlocked((int)n, f);
    fwrite_unlocked(s, 1, len, f);
}

/* A UUID is two numbers, the half that is written first is the first. */
static void put_uuid(FILE *f, const uint8_t uuid[16])
{
    unsigned int half, i;

    for ( half = 0; half < 2; half++ )
        for ( i = 8; i-- > 0; )
            putc_unlocked(uuid[8 * half + i], f);
}

static int record(struct idtap_export *x, int cpu,
                  const struct idtap_record *r)
{
    struct export_row row;
    FILE *f = x->out;
    unsigned int i;

    export_row_fill(&row, x, cpu, r);
    put_string(f, x->info->hostname, strlen(x->info->hostname));
    put_uuid(f, x->info->uuid);

    for ( i = 0; i < COL_NR; i++ )
    {
        const struct export_column *c = &export_columns[i];
        bool there = row.present >> i & 1;

        switch ( c->type )
        {
        case COL_INT:
            if ( !c->always )
                putc_unlocked(!there, f);
            if ( there )
                put_int(f, row.number[i], c->bytes);
            break;

        case COL_BYTES:
            put_string(f, there ? row.raw : (const void *)"",
                       there ? row.raw_len : 0);
            break;

        default:
            put_string(f, there ? row.text[i] : "",
                       there ? strlen(row.text[i]) : 0);
            break;
        }
    }
    return 0;
}

static int end(struct idtap_export *x)
{
    (void)x;
    return 0;
}

int export_rowbinary_schema(FILE *f)
{
    unsigned int i;

    fputs("-- clickhouse-client --query \"INSERT INTO idtap_records"
          " FORMAT RowBinary\" <FILE\n"
          "CREATE TABLE IF NOT EXISTS idtap_records (\n"
          "    host LowCardinality(String),\n"
          "    trace UUID", f);
    for ( i = 0; i < COL_NR; i++ )
    {
        const struct export_column *c = &export_columns[i];

        fprintf(f, ",\n    `%s` ", c->name);
        if ( c->type == COL_WORD )
            fputs("LowCardinality(String)", f);
        else if ( c->type != COL_INT )
            fputs("String", f);
        else
            fprintf(f, c->always ? "%sInt%u" : "Nullable(%sInt%u)",
                    c->sign ? "" : "U", 8u * c->bytes);
    }
    fputs("\n)\n"
          "ENGINE = MergeTree\n"
          "PARTITION BY toYYYYMMDD(toDateTime(intDiv(wall_ns, 1000000000)))\n"
          "ORDER BY (host, class, event, wall_ns);\n", f);
    return 0;
}

const struct idtap_export_ops export_rowbinary_ops = {
    .record = record,
    .end = end,
};
