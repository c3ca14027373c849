/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `idtap top` on a terminal: keys in, pages out.  What a page says is
 * top_render.c's business.  The terminal is given back whatever happens short
 * of SIGKILL; signals wait while curses is at work (session.h).
 */
#include "top.h"

#ifdef IDTAP_HAVE_CURSES
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "alerts.h"
#include "lists.h"

struct screen {
    struct top *t;
    struct top_page page;
    bool quit, ended;
    bool step;                  /* one interval, though frozen */
    struct top_row mark;        /* the event that is selected */
    bool marked;
    char asking;                /* 'e', 'd', 'v', 's'; 0: nothing */
    char input[TOP_LIST_LEN];
    char status[TOP_LIST_LEN + LIST_WHY_LEN];
};

static bool same_event(const struct top_row *a, const struct top_row *b)
{
    return a->domain == b->domain && a->life == b->life &&
           a->table == b->table && a->key == b->key;
}

/* Where the marked event is now, after sorting; the view follows it. */
static void find_mark(struct screen *s)
{
    const struct top_model *m = &s->t->model;
    struct top_view *v = &s->t->view;
    unsigned int i;

    for ( i = 0; s->marked && i < m->nr_rows; i++ )
        if ( same_event(&m->rows[i], &s->mark) )
            break;
    v->selected = s->marked && i < m->nr_rows ? i : ~0u;
}

/* The terminal's size, as it is now: curses learns of it by a signal only. */
static void fit(void)
{
    struct winsize size;

    if ( !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row &&
         size.ws_col && (size.ws_row != LINES || size.ws_col != COLS) )
        resizeterm(size.ws_row, size.ws_col);
}

static void draw(struct screen *s)
{
    static const int attrs[] = {
        [TOP_PLAIN] = A_NORMAL, [TOP_HEAD] = A_BOLD,
        [TOP_SELECTED] = A_REVERSE, [TOP_ALARM] = A_STANDOUT,
    };
    struct top_view *v = &s->t->view;
    unsigned int i;

    fit();
    v->height = (unsigned int)LINES;
    v->width = (unsigned int)COLS;
    if ( s->asking )
        snprintf(s->status, sizeof(s->status), "%s: %s_",
                 s->asking == 'e' ? "classes (none: all)" :
                 s->asking == 'd' ? "domains (none: all)" :
                 s->asking == 'v' ? "vectors (none: all)" :
                                    "seconds between updates", s->input);
    else if ( s->ended && !s->status[0] && !v->help )
        snprintf(s->status, sizeof(s->status),
                 "the end of the trace; q quits");
    v->status = s->status[0] ? s->status : NULL;
    find_mark(s);

    top_page_clear(&s->page);
    if ( top_render(&s->t->model, v, &s->page) )
        return;
    /* What is shown is what keys move, also after another size. */
    if ( v->help )
        v->help_first = s->page.help_first;
    erase();
    for ( i = 0; i < s->page.nr; i++ )
    {
        attrset(attrs[s->page.lines[i].attr]);
        mvaddnstr((int)i, 0, s->page.lines[i].text, COLS);
    }
    attrset(A_NORMAL);
    refresh();
}

/* Moves the mark by @n events. */
static void move_mark(struct screen *s, long n)
{
    const struct top_model *m = &s->t->model;
    struct top_view *v = &s->t->view;
    unsigned int fit = s->page.nr_events ? s->page.nr_events : 1;
    long at;

    if ( !m->nr_rows )
        return;
    find_mark(s);
    at = v->selected == ~0u ? (long)v->first - (n > 0) : (long)v->selected;
    at += n;
    if ( at < 0 )
        at = 0;
    if ( at >= (long)m->nr_rows )
        at = (long)m->nr_rows - 1;
    s->mark = m->rows[at];
    s->marked = true;
    if ( (unsigned int)at < v->first )
        v->first = (unsigned int)at;
    if ( (unsigned int)at >= v->first + fit )
        v->first = (unsigned int)at - fit + 1;
}

static void sort_by(struct screen *s, int step)
{
    struct top_view *v = &s->t->view;

    v->sort = (enum top_sort)(((int)v->sort + TOP_SORT_NR + step) %
                              TOP_SORT_NR);
    v->first = 0;
    top_sort(&s->t->model, v->sort);
}

static void ask(struct screen *s, char what)
{
    const struct top *t = s->t;

    s->asking = what;
    snprintf(s->input, sizeof(s->input), "%s",
             what == 'e' ? t->classes : what == 'd' ? t->domains :
             what == 'v' ? t->vectors : "");
}

static void answer(struct screen *s)
{
    char why[LIST_WHY_LEN] = "", *end;
    double seconds;

    s->status[0] = '\0';
    if ( s->asking != 's' )
    {
        if ( top_choose(s->t, s->asking, s->input, why) )
            snprintf(s->status, sizeof(s->status), "%s", why);
    }
    else
    {
        seconds = strtod(s->input, &end);
        if ( *end || !(seconds >= 0.1 && seconds <= 3600) )
            snprintf(s->status, sizeof(s->status),
                     "'%s' is not a number from 0.1 to 3600", s->input);
        else if ( s->t->trace )
            snprintf(s->status, sizeof(s->status), "the intervals of a trace "
                     "are chosen with -s");
        else
            s->t->interval_ns = (uint64_t)(seconds * 1e9);
    }
    s->asking = 0;
}

/* A key while something is typed. */
static void type(struct screen *s, int key)
{
    size_t len = strlen(s->input);

    if ( key == '\n' || key == KEY_ENTER )
        answer(s);
    else if ( key == 27 )
    {
        s->asking = 0;
        s->status[0] = '\0';
    }
    else if ( (key == KEY_BACKSPACE || key == 127 || key == 8) && len )
        s->input[len - 1] = '\0';
    else if ( key > ' ' && key < 127 && len + 1 < sizeof(s->input) )
    {
        s->input[len] = (char)key;
        s->input[len + 1] = '\0';
    }
}

/* Scrolls the help page by @n lines; draw() knows where it ends. */
static void move_help(struct top_view *v, long n)
{
    long at = (long)v->help_first + n;

    v->help_first = at > 0 ? (unsigned int)at : 0;
}

/* Keys that are the help page's, while it is shown. */
static bool press_help(struct screen *s, int key)
{
    struct top_view *v = &s->t->view;
    long page = s->page.help_fit > 1 ? (long)s->page.help_fit - 1 : 1;

    switch ( key )
    {
    case KEY_UP: case 'k': move_help(v, -1); break;
    case KEY_DOWN: case 'j': move_help(v, 1); break;
    case KEY_PPAGE: move_help(v, -page); break;
    case KEY_NPAGE: move_help(v, page); break;
    case KEY_HOME: v->help_first = 0; break;
    case KEY_END: v->help_first = s->page.nr_help; break;
    case 27: case KEY_LEFT: v->help = false; break;
    case '\n': case KEY_ENTER: case KEY_RIGHT: case 'l': break;
    default: return false;
    }
    return true;
}

static void press(struct screen *s, int key)
{
    struct top_view *v = &s->t->view;
    struct top_model *m = &s->t->model;

    if ( key == KEY_RESIZE )
        return;
    if ( s->asking )
    {
        type(s, key);
        return;
    }
    s->status[0] = '\0';
    if ( v->help && press_help(s, key) )
        return;
    switch ( key )
    {
    case 'q': s->quit = true; break;
    case '?': case 'h':
        v->help = !v->help;
        v->help_first = 0;
        break;
    case 'f': case ' ': v->frozen = !v->frozen; break;
    case 'n': s->step = v->frozen; break;
    case 'o': sort_by(s, 1); break;
    case 'O': sort_by(s, -1); break;
    case KEY_UP: case 'k': move_mark(s, -1); break;
    case KEY_DOWN: case 'j': move_mark(s, 1); break;
    case KEY_PPAGE: move_mark(s, -(long)s->page.nr_events); break;
    case KEY_NPAGE: move_mark(s, (long)s->page.nr_events); break;
    case KEY_HOME: move_mark(s, -(long)m->nr_rows); break;
    case KEY_END: move_mark(s, (long)m->nr_rows); break;
    case '\n': case KEY_ENTER: case KEY_RIGHT: case 'l':
        if ( !s->marked )
            move_mark(s, 1);
        if ( s->marked && !m->watch.on )
            top_model_watch(m, &s->mark);
        break;
    case 27: case KEY_LEFT: top_model_watch(m, NULL); break;
    case 'e': case 'd': case 'v': case 's': ask(s, (char)key); break;
    default: break;
    }
}

static void press_all(struct screen *s)
{
    int key;

    while ( (key = getch()) != ERR )
        press(s, key);
}

/* Alerts take the last line until a key is pressed. */
static void say(void *ctx, bool fired, uint16_t domain, const char *line)
{
    struct screen *s = ctx;

    (void)domain;
    snprintf(s->status, sizeof(s->status), "%.*s",
             (int)sizeof(s->status) - 1, line);
    if ( fired )
        beep();
}

static int loop(struct screen *s)
{
    struct top *t = s->t;
    uint64_t deadline = now_ns() + (t->live ? t->interval_ns : 0), n = 0;
    int rc = 1;

    while ( !s->quit && (!t->updates || n < t->updates) )
    {
        bool hold = t->view.frozen && !s->step;

        draw(s);
        /* A frozen host goes on unseen, a frozen trace waits. */
        rc = top_next(t, STDIN_FILENO, t->trace && (hold || s->ended)
                                       ? UINT64_MAX : deadline, hold);
        if ( rc == 2 )
            press_all(s);
        else if ( rc < 0 || (!rc && (signals_stop() || t->live)) )
            break;
        else if ( !rc )
            s->ended = true;
        else
        {
            deadline = now_ns() + t->interval_ns;
            s->step = false;
            n++;
        }
        if ( s->step )
            deadline = 0;
    }
    return rc < 0 ? rc : 0;
}

int top_screen(struct top *t)
{
    struct screen s = { .t = t };
    sigset_t winch;
    int rc;

    /* A new size waits for ppoll(), as the other signals do. */
    sigemptyset(&winch);
    sigaddset(&winch, SIGWINCH);
    sigprocmask(SIG_BLOCK, &winch, NULL);
    set_escdelay(50);
    if ( !newterm(NULL, stdout, stdin) )
    {
        cli_error("this terminal (TERM=%s) is unknown here; -b gives plain "
                  "text", getenv("TERM") ? getenv("TERM") : "");
        return CLI_FAILURE;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    alerts_say(t->alerts, say, &s);
    rc = loop(&s);
    endwin();
    top_page_clear(&s.page);
    if ( rc < 0 )
        cli_host_error(rc, t->source);
    return rc < 0 ? CLI_FAILURE : CLI_OK;
}

#else /* IDTAP_HAVE_CURSES */

int top_screen(struct top *t)
{
    (void)t;
    cli_error("this idtap was built without ncurses; -b gives plain text");
    return CLI_FAILURE;
}
#endif /* IDTAP_HAVE_CURSES */
