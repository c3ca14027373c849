/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of the page that `idtap html` writes, as strings in the program. */
    .section .rodata

#define FILE(symbol, path)      \
    .globl  symbol;             \
    .hidden symbol;             \
    .type   symbol, @object;    \
symbol:                         \
    .incbin path;               \
    .byte   0;                  \
    .size   symbol, . - symbol

FILE(html_file_page, "cli/html/page.html")
FILE(html_file_css, "cli/html/page.css")
FILE(html_file_js_data, "cli/html/data.js")
FILE(html_file_js_view, "cli/html/view.js")
FILE(html_file_js_lanes, "cli/html/lanes.js")
FILE(html_file_js_heat, "cli/html/heat.js")
FILE(html_file_js_tables, "cli/html/tables.js")
FILE(html_file_js_main, "cli/html/main.js")

    .section .note.GNU-stack, "", @progbits
