/* SPDX-License-Identifier: GPL-2.0-only */
/* Choosing records, by the rules of struct idtap_config in control.h. */
#include <string.h>

#include <idtap/names.h>
#include <idtap/select.h>

void idtap_select_init(struct idtap_select *s)
{
    memset(s, 0, sizeof(*s));
    s->classes = IDTAP_CLASS_ALL;
    s->any_domain = true;
    memset(s->vectors, 0xff, sizeof(s->vectors));
    memset(s->cpus, 0xff, sizeof(s->cpus));
}

void idtap_select_domain(struct idtap_select *s, uint16_t domain)
{
    s->any_domain = false;
    s->domains[domain / 64] |= 1ull << (domain % 64);
}

bool idtap_select_record(const struct idtap_select *s,
                         const struct idtap_record *r)
{
    uint32_t class = idtap_event_class(r->event);

    if ( !(class & s->classes) || !idtap_select_has_domain(s, r->domain) )
        return false;

    return !(class & IDTAP_SELECT_BY_VECTOR) ||
           idtap_select_has_vector(s, r->vector);
}
