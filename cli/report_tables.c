/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables that `idtap report --table` knows, and their printing.  A new
 * table is a row here, its columns, and a function that adds its rows.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "report.h"

#define OVER(t) (1u << IDTAP_TAB_##t)

static const struct report_table tables[] = {
    { "exits", "VM exits", "by domain and exit reason",
      IDTAP_STATS_EXITS, OVER(EXIT), IDTAP_CLASS_EXIT, true,
      report_exits_columns, report_exits },
    { "injected", "Injected events", "by domain and vector",
      IDTAP_STATS_COUNTS, OVER(INJECT), IDTAP_CLASS_INJECT, true,
      report_injected_columns, report_injected },
    { "exceptions", "Exceptions seen", "by domain and vector",
      IDTAP_STATS_COUNTS, OVER(EXCEPTION), IDTAP_CLASS_EXCEPTION, true,
      report_exceptions_columns, report_exceptions },
    { "caused", "Exits that idtap caused",
      "by domain and exception intercepted, and what they took",
      IDTAP_STATS_EXITS, OVER(CAUSED), IDTAP_CLASS_EXIT, true,
      report_caused_columns, report_caused },
    { "swints", "INT n", "by domain and n", IDTAP_STATS_COUNTS, OVER(SWINT),
      IDTAP_CLASS_SWINT, true, report_swints_columns, report_swints },
    { "pv-traps", "Traps of PV guests",
      "what they or Xen raised, by domain and vector",
      IDTAP_STATS_COUNTS, OVER(PV_TRAP), IDTAP_CLASS_PV_TRAP, true,
      report_pv_traps_columns, report_pv_traps },
    { "pv-upcalls", "Upcalls into PV guests", "by domain, kind and vector",
      IDTAP_STATS_COUNTS, OVER(PV_UPCALL), IDTAP_CLASS_PV_UPCALL, true,
      report_pv_upcalls_columns, report_pv_upcalls },
    { "evtchns", "Event channels", "by domain and port",
      IDTAP_STATS_COUNTS, OVER(EVTCHN), IDTAP_CLASS_EVTCHN, true,
      report_evtchns_columns, report_evtchns },
    { "irqs", "Physical interrupts", "by vector and IRQ, with its owner",
      IDTAP_STATS_HANDLERS, OVER(IRQ), IDTAP_CLASS_IRQ, true,
      report_irqs_columns, report_irqs },
    { "softirqs", "Softirqs", "by the domain that was current, and number",
      IDTAP_STATS_HANDLERS, OVER(SOFTIRQ), IDTAP_CLASS_SOFTIRQ, true,
      report_softirqs_columns, report_softirqs },
    { "nmis", "NMIs", "by the domain that was current",
      IDTAP_STATS_HANDLERS, OVER(NMI), IDTAP_CLASS_NMI, true,
      report_nmis_columns, report_nmis },
    { "lapic", "Local APICs of guests",
      "accept to injection to EOI, by domain and vector",
      IDTAP_STATS_LAPIC, OVER(LAPIC), IDTAP_CLASS_LAPIC, true,
      report_lapic_columns, report_lapic },
    { "vectors", "Vectors", "whatever has one, by domain and kind",
      IDTAP_STATS_EVENTS, OVER(EVENT), 0, false,
      report_vectors_columns, report_vectors },
    { "xentime", "Time from exit to entry",
      "by domain and exit reason, with its share of the span",
      IDTAP_STATS_EXITS | IDTAP_STATS_NET, OVER(EXIT), IDTAP_CLASS_EXIT,
      false, report_xentime_columns, report_xentime },
    { "net", "Handlers, gross and net",
      "interrupts, NMIs, softirqs: with and without what ran inside",
      IDTAP_STATS_HANDLERS | IDTAP_STATS_NET,
      OVER(IRQ) | OVER(NMI) | OVER(SOFTIRQ), 0, false,
      report_net_columns, report_net },
    { "interrupted", "Who interrupted whom",
      "vectors by the domain interrupted: guest, Xen, idle",
      IDTAP_STATS_HANDLERS | IDTAP_STATS_NET, OVER(INTERRUPTED), 0, false,
      report_interrupted_columns, report_interrupted },
    { "irq-latency", "From IRQs to guests",
      "physical IRQ to accept or event channel, injection and EOI",
      IDTAP_STATS_LAPIC | IDTAP_STATS_ROUTES, OVER(ROUTE), IDTAP_CLASS_IRQ,
      false, report_irq_latency_columns, report_irq_latency },
    { "softirq-latency", "Softirqs, raise to run",
      "by softirq and the pCPU that it is raised for",
      IDTAP_STATS_RAISES, OVER(RAISE), IDTAP_CLASS_SOFTIRQ, false,
      report_softirq_latency_columns, report_softirq_latency },
    { "evtchn-latency", "From event channels to upcalls",
      "of PV guests, by domain and port",
      IDTAP_STATS_COUNTS | IDTAP_STATS_UPCALLS, OVER(EVTCHN),
      IDTAP_CLASS_EVTCHN, false,
      report_evtchn_latency_columns, report_evtchn_latency },
    { "arrivals", "Arrivals",
      "time between two of a vector, and bursts, by domain and kind",
      IDTAP_STATS_ARRIVALS, OVER(ARRIVAL), 0, false,
      report_arrivals_columns, report_arrivals },
    { "rips", "Where exceptions are raised",
      "the most frequent RIPs, by domain, vector and kind",
      IDTAP_STATS_RIPS, OVER(RIP), 0, false,
      report_rips_columns, report_rips },
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

static uint32_t find(const char *name, size_t len)
{
    uint32_t i;

    for ( i = 0; i < NR_TABLES; i++ )
        if ( strlen(tables[i].name) == len &&
             !memcmp(tables[i].name, name, len) )
            return 1u << i;
    return 0;
}

/* Names for several. */
static uint32_t find_group(const char *name, size_t len)
{
    if ( len == 3 && !memcmp(name, "all", 3) )
        return (1u << NR_TABLES) - 1;
    if ( len == 7 && !memcmp(name, "latency", 7) )
        return find("lapic", 5) | find("irq-latency", 11) |
               find("softirq-latency", 15) | find("evtchn-latency", 14);
    return 0;
}

int report_tables_parse(const char *text, uint32_t *set,
                        char why[LIST_WHY_LEN])
{
    uint32_t found = 0;

    while ( text )
    {
        const char *comma = strchr(text, ','), *near = NULL;
        size_t len = comma ? (size_t)(comma - text) : strlen(text), i;
        uint32_t one = find(text, len) | find_group(text, len);

        for ( i = 0; i < NR_TABLES; i++ )
            if ( list_is_near(text, len, tables[i].name) )
                near = tables[i].name;
        if ( !one )
        {
            snprintf(why, LIST_WHY_LEN, len ? "'%.*s' is not a table%s%s%s; "
                     "--table help lists them" :
                     "an item of the list is empty",
                     len > 40 ? 40 : (int)len, text,
                     near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
            return -EINVAL;
        }
        found |= one;
        text = comma ? comma + 1 : NULL;
    }

    *set = found;
    return 0;
}

uint32_t report_tables_default(void)
{
    uint32_t set = 0, i;

    for ( i = 0; i < NR_TABLES; i++ )
        set |= (uint32_t)tables[i].by_default << i;
    return set;
}

void report_tables_help(void)
{
    size_t i;

    puts("Tables:");
    for ( i = 0; i < NR_TABLES; i++ )
        printf("  %-16s %s: %s%s\n", tables[i].name, tables[i].title,
               tables[i].help, tables[i].by_default ? "" : " *");
    puts("  latency          lapic, irq-, softirq- and evtchn-latency\n"
         "  all              all of them\n"
         "\n"
         "*: only if asked for.  docs/report.md says how each is made.");
}

uint32_t report_tables_parts(uint32_t set)
{
    uint32_t parts = IDTAP_STATS_COUNTS, i;

    for ( i = 0; i < NR_TABLES; i++ )
        if ( set >> i & 1 )
            parts |= tables[i].parts;
    return parts;
}

struct cell report_rate(const struct report *report, uint64_t n)
{
    return (struct cell){
        .null = !report->duration_ns,
        .real = report->duration_ns
                ? (double)n * 1e9 / (double)report->duration_ns : 0,
    };
}

struct cell report_share(uint64_t n, uint64_t of)
{
    return (struct cell){ .null = !of,
                          .real = of ? (double)n / (double)of : 0 };
}

struct cell report_of_span(const struct report *report, uint64_t ticks)
{
    return report_share(ticks, report->duration_ticks);
}

struct cell report_vector(unsigned int event, uint64_t vector)
{
    const char *name = NULL;

    if ( vector == IDTAP_VECTOR_NONE )
        return (struct cell){ .null = true };
    if ( event == IDTAP_EV_IRQ_ENTER )
        name = idtap_host_vector_name((unsigned int)vector);
    else if ( vector < 32 )
        name = idtap_exception_name((unsigned int)vector);
    return cell_named(vector, name);
}

const char *report_kind(unsigned int event)
{
    return idtap_class_name(idtap_event_class(event));
}

bool report_enough(const struct report *report, struct sheet *sheet,
                   unsigned int shown, unsigned int of)
{
    if ( !report->top || shown < report->top )
        return false;
    /* For want of memory there is no remark: the rows are still right. */
    (void)sheet_note(sheet, "%u more rows (--top 0 shows all).", of - shown);
    return true;
}

/* What had no room, of the tables whose bits are set. */
static struct idtap_stats_over over(const struct report *report, uint32_t set)
{
    struct idtap_stats_over sum = { 0 };
    unsigned int i;

    for ( i = 0; i < IDTAP_TAB_ALL; i++ )
        if ( set >> i & 1 )
        {
            struct idtap_stats_over o = idtap_stats_over(report->stats, i);

            sum.records += o.records;
            sum.times += o.times;
        }
    return sum;
}

void report_over(const struct report *report)
{
    struct idtap_stats_over o = over(report, (1u << IDTAP_TAB_ALL) - 1);

    if ( o.records )
        cli_warn("too many different things for the tables: %llu records are "
                 "in rows of others", (unsigned long long)o.records);
    if ( o.times )
        cli_warn("too many different durations for the tables: %llu are in "
                 "none", (unsigned long long)o.times);
}

static int put_table(const struct report *report,
                     const struct report_table *t,
                     const struct sheet_look *look)
{
    struct sheet *sheet = sheet_begin(look, t->name, t->title, t->columns);
    uint32_t classes = idtap_stats_classes(report->stats);
    struct idtap_stats_over o = over(report, t->over);
    int rc = sheet ? t->rows(report, sheet) : -ENOMEM, rc_end;

    if ( !rc && t->classes && classes && !(t->classes & classes) )
        rc = sheet_note(sheet, "The class %s was not recorded.",
                        idtap_class_name(t->classes));
    if ( !rc && (o.records || o.times) )
        rc = sheet_note(sheet, "Too much for the table's memory: %llu records "
                        "are in rows of others, %llu durations in none.",
                        (unsigned long long)o.records,
                        (unsigned long long)o.times);
    rc_end = sheet_end(sheet);
    return rc ? rc : rc_end;
}

const char *report_table_word(unsigned int i)
{
    static const char *const more[] = { "latency", "all", "help" };

    return i < NR_TABLES ? tables[i].name
           : i < NR_TABLES + 3 ? more[i - NR_TABLES] : NULL;
}

int report_tables(const struct report *report, uint32_t set,
                  enum sheet_face face, bool histograms)
{
    struct json json;
    struct sheet_look look = {
        .face = face, .reader = &report->r, .exact_ns = report->exact_ns,
        .khz = idtap_trace_info(report->r.trace)->tsc_khz,
        .histograms = histograms, .json = &json,
        .name_column = (set & (set - 1)) != 0,
    };
    unsigned int i, printed = 0;
    int rc = 0;

    if ( histograms )
    {
        setlocale(LC_CTYPE, "");
        look.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    }

    if ( face == SHEET_TEXT )
        report_header(report);
    else if ( face == SHEET_JSON )
    {
        json_init(&json, stdout, true);
        json_object(&json, NULL);
        report_json_facts(&json, report);
        json_array(&json, "tables");
    }

    for ( i = 0; i < NR_TABLES && !rc; i++ )
        if ( set >> i & 1 )
        {
            if ( printed++ && face == SHEET_CSV )
                fputs("\r\n", stdout);
            rc = put_table(report, &tables[i], &look);
        }

    if ( face == SHEET_JSON )
    {
        json_end_array(&json);
        json_end_object(&json);
    }
    return rc;
}
