/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap top` as lines of text: from a model and a view to a page, and nothing
 * else, so that what is on a screen can be tested without one.
 */
#ifndef IDTAP_TOP_RENDER_H
#define IDTAP_TOP_RENDER_H

#include "top_model.h"

enum top_sort {
    TOP_BY_RATE, TOP_BY_CPU, TOP_BY_MEAN, TOP_BY_P99, TOP_BY_MAX,
    TOP_BY_NAME, /* domain, class, event */
    TOP_SORT_NR
};

/* "rate", "cpu", "mean", "p99", "max", "name"; and back, or -EINVAL. */
const char *top_sort_name(enum top_sort sort);
int top_sort_by_name(const char *name);

struct top_view {
    enum top_sort sort;
    unsigned int width, height; /* 0: no limit */
    unsigned int first;         /* row of events that comes first */
    unsigned int selected;      /* row of events that is marked; ~0u: none */
    bool frozen, help;
    unsigned int help_first;    /* line of the help page that comes first */
    const char *source;         /* what is looked at: a host, a trace */
    const char *filter;         /* what is chosen, in words; "": all */
    const char *status;         /* the last line, instead of the keys */
};

enum top_attr { TOP_PLAIN, TOP_HEAD, TOP_SELECTED, TOP_ALARM };

struct top_line {
    char *text;
    enum top_attr attr;
};

struct top_page {
    struct top_line *lines;
    unsigned int nr;
    unsigned int nr_events; /* rows of events that fit on it */
    unsigned int nr_help, help_fit; /* lines of help: all, those on the page */
    unsigned int help_first;        /* the first of these, as far as it goes */
};

/* Sorts the rows of @m as @view wants, the domains by records. */
void top_sort(struct top_model *m, enum top_sort sort);

/*
 * The page of a sorted model; top_page_clear() it in any case.  If there is a
 * height the page has just as many lines.  0 or -ENOMEM.
 */
int top_render(const struct top_model *m, const struct top_view *view,
               struct top_page *page);
void top_page_clear(struct top_page *page);

#endif /* IDTAP_TOP_RENDER_H */
