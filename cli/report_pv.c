/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of PV guests and of event channels: what was raised, what was
 * delivered, through which port.
 */
#include "report.h"

const struct column report_pv_traps_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("count"),
    { "where", "where", CELL_TEXT }, END
};

static void pv_traps_cells(const struct report *report, const struct ref *ref,
                           struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    bool other = row->key == IDTAP_KEY_OTHER;

    report_begin(report, ref,
                 report_vector(IDTAP_EV_EXCEPTION,
                               other ? row->key : (uint8_t)row->key), cells);
    cells[5] = cell_text(other ? NULL :
                         IDTAP_PV_TRAP_KEY_XEN(row->key) ? "Xen" : "guest");
}

int report_pv_traps(const struct report *report, struct sheet *sheet)
{
    return report_put_plain(report, sheet, IDTAP_TAB_PV_TRAP, pv_traps_cells);
}

const struct column report_pv_upcalls_columns[] = {
    DOMAIN, { "vector", "vector", CELL_VECTOR }, COUNT("count"),
    { "kind", "kind", CELL_TEXT }, END
};

static void pv_upcalls_cells(const struct report *report,
                             const struct ref *ref, struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    unsigned int kind = IDTAP_UPCALL_KEY_KIND(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;

    report_begin(report, ref,
                 report_vector(IDTAP_EV_PV_UPCALL, other ? row->key :
                               idtap_upcall_has_vector(kind)
                               ? (uint8_t)row->key : IDTAP_VECTOR_NONE), cells);
    cells[5] = cell_text(other ? NULL : idtap_upcall_name(kind));
}

int report_pv_upcalls(const struct report *report, struct sheet *sheet)
{
    return report_put_plain(report, sheet, IDTAP_TAB_PV_UPCALL,
                            pv_upcalls_cells);
}

#define EVTCHN { "port", "port", CELL_COUNT }, COUNT("count"), \
    { "kind", "kind", CELL_TEXT }, { "source", "source", CELL_COUNT }, \
    { "name", "name", CELL_TEXT }, \
    { "pending", "pending already", CELL_COUNT }

const struct column report_evtchns_columns[] = { DOMAIN, EVTCHN, END };

static void evtchns_cells(const struct report *report, const struct ref *ref,
                          struct cell *cells)
{
    const struct idtap_row *row = ref->row;
    unsigned int kind = IDTAP_EVTCHN_KEY_KIND(row->key);
    unsigned int source = IDTAP_EVTCHN_KEY_SOURCE(row->key);
    bool other = row->key == IDTAP_KEY_OTHER;

    report_begin(report, ref,
                 (struct cell){ .n = IDTAP_EVTCHN_KEY_PORT(row->key),
                                .null = other }, cells);
    cells[5] = cell_text(other ? NULL : idtap_evtchn_name(kind));
    cells[6] = (struct cell){ .n = source,
                              .null = other || kind == IDTAP_EVTCHN_IPI };
    cells[7] = cell_text(!other && kind == IDTAP_EVTCHN_VIRQ
                         ? idtap_virq_name(source) : NULL);
    cells[8] = cell_n(row->extra);
}

int report_evtchns(const struct report *report, struct sheet *sheet)
{
    return report_put_plain(report, sheet, IDTAP_TAB_EVTCHN, evtchns_cells);
}

const struct column report_evtchn_latency_columns[] = {
    DOMAIN, EVTCHN, { "to_upcall", "to upcall", CELL_HIST }, END
};

static void evtchn_latency_cells(const struct report *report,
                                 const struct ref *ref, struct cell *cells)
{
    const struct idtap_row *row = ref->row;

    evtchns_cells(report, ref, cells);
    cells[9] = cell_hist(&row->time);
}

int report_evtchn_latency(const struct report *report, struct sheet *sheet)
{
    uint32_t classes = idtap_stats_classes(report->stats);
    int rc = report_put_plain(report, sheet, IDTAP_TAB_EVTCHN,
                              evtchn_latency_cells);

    if ( !rc && classes && !(classes & IDTAP_CLASS_PV_UPCALL) )
        rc = sheet_note(sheet, "The class pv-upcall was not recorded: there "
                        "are no times.");
    return rc;
}
