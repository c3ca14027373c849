/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the help page of `idtap top` says, broken into lines that are as wide as
 * the screen: on a narrow one it must not be cut, but get longer.
 */
#include <stdio.h>
#include <string.h>

#include "top_help.h"

#define WIDEST 80 /* longer lines are hard to read */
#define INDENT 13 /* of texts: behind "  " and the longest word */

struct entry {
    const char *word; /* NULL: the text is a heading */
    const char *text;
};

static const struct entry entries[] = {
    { NULL, "Keys" },
    { "up, down", "choose an event; PgUp, PgDn, Home and End, too" },
    { "Enter", "the event in detail, and all of its vector" },
    { "Esc", "back" },
    { "f, space", "freeze, and go on; n: frozen, one interval more" },
    { "o, O", "sort by the next column (the one before)" },
    { "e", "classes to show: irq,exit,exception,nmi,inject,softirq,lapic,"
           "swint,pv-trap,pv-upcall,evtchn" },
    { "d", "domains to show: names, ids, idle" },
    { "v", "vectors to show: 0-31,0xf3,pf,timer" },
    { "s", "seconds between updates" },
    { "? or h", "this page" },
    { "q", "quit" },
    { "", "" },
    { NULL, "Columns" },
    { "RATE/s", "events a second that began in the interval" },
    { "MIN..MAX", "of what began and ended in the interval: exits until the "
                  "next entry, handlers of interrupts, NMIs and softirqs, "
                  "what waits in a local APIC until it is injected, events "
                  "of PV guests until the upcall; P99 may be up to 3.2 % too "
                  "large" },
    { "%CPU", "all these durations together, of one CPU; none where the "
              "guest waits: HLT, MWAIT, local APICs, event channels" },
    { "%XEN", "exits until the next entry, without HLT and MWAIT: what the "
              "vCPUs of the domain could not run, of one CPU" },
    { "", "" },
    { NULL, "Events" },
    { "pv-trap", "what a PV guest raised, or Xen while it was current" },
    { "pv-upcall", "what Xen made it go to its handlers for" },
    { "evtchn", "by port and what it is bound to; the 20 busiest of each "
                "domain, the others as one" },
    { "swint", "INT n, where it is intercepted (--intercept)" },
};

/*
 * How much of @text goes into a line with @room: up to a space, which goes with
 * it, or behind a comma; a longer word is cut.
 */
static size_t first_line(const char *text, size_t room)
{
    size_t len = strlen(text), n;

    if ( len <= room )
        return len;
    for ( n = room; n; n-- )
        if ( text[n] == ' ' || text[n - 1] == ',' )
            return n;
    return room;
}

void top_help(unsigned int width,
              void (*fn)(void *ctx, bool head, const char *text), void *ctx)
{
    char line[WIDEST + 1];
    unsigned int i;

    if ( !width || width > WIDEST )
        width = WIDEST;
    for ( i = 0; i < sizeof(entries) / sizeof(entries[0]); i++ )
    {
        const struct entry *e = &entries[i];
        const char *text = e->text, *word = e->word;
        /* What has no room for words beside has them below each other. */
        unsigned int indent = !word || !*word ? 0 :
                              width >= 2 * INDENT ? INDENT : 1;

        if ( indent == 1 )
        {
            snprintf(line, width + 1, "%s", word);
            fn(ctx, true, line);
            word = "";
        }
        do {
            size_t n = width > indent ? first_line(text, width - indent) : 1;

            if ( indent == INDENT )
                snprintf(line, width + 1, "  %-*s%.*s", INDENT - 2, word,
                         (int)n, text);
            else
                snprintf(line, width + 1, "%*s%.*s", (int)indent, "", (int)n,
                         text);
            fn(ctx, !e->word, line);
            text += n + (text[n] == ' ');
            word = "";
        } while ( *text );
    }
}
