/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of `idtap report`, from its JSON.  A table that is not known here is
 * shown with the keys that it has.  Every number is in the document exactly, as
 * data-v of its cell.
 */
const ROWS_SHOWN = 15;
const seconds = report.duration_ns / 1e9;

/* A column: its head, the value of a row (to sort by), and its text. */
const count = (head, key) => ({head, key, value: r => r[key], text: grouped});
const perSecond = key => ({head: "per s", value: r => seconds > 0 ? r[key] / seconds : 0, text: rate});
const time = (head, of, key) => ({head, key, value: r => r[of]?.[key] ?? null, text: duration});
const share = key => ({head: "share", key: "share", share: true,
    value: (r, all) => all ? r[key] / all : 0, text: v => `${(100 * v).toFixed(1)} %`, of: key});
const times = of => [time("total", of, "sum_ns"), time("min", of, "min_ns"), time("mean", of, "mean_ns"),
                     time("p99", of, "p99_ns"), time("max", of, "max_ns")];

/* What exceptions are called, wherever the report has named one. */
const exceptionNames = new Map();
for (const d of report.domains)
    for (const key of ["injected", "exceptions", "pv_traps"])
        for (const r of d[key] ?? []) if (r.name) exceptionNames.set(r.vector, r.name);
const vectorName = vector => exceptionNames.get(vector) ?? hex(vector);
const vectorText = r => hex(r.vector) + (r.name ? ` ${r.name}` : "");
const known = {
    exits: {title: "VM exits", name: r => r.name ?? `reason ${hex(r.reason)}`,
            columns: [count("count", "count"), perSecond("count"), share("count"), ...times("time")]},
    injected: {title: "Injected events", name: vectorText,
               columns: [count("count", "count"), perSecond("count"), share("count"), count("again", "again")]},
    exceptions: {title: "Exceptions seen", name: vectorText,
                 columns: [count("count", "count"), perSecond("count"), share("count"),
                           count("intercepted", "intercepted")]},
    caused: {title: "Exits that idtap caused", name: r => r.vector === null ? "INT n" : vectorText(r),
             columns: [count("count", "count"), perSecond("count"), share("count"), ...times("time")]},
    swints: {title: "INT n", name: r => hex(r.vector),
             columns: [count("count", "count"), perSecond("count"), share("count")]},
    pv_traps: {title: "Traps of PV guests", name: r => vectorText(r) + (r.in_xen ? " in Xen" : ""),
               columns: [count("count", "count"), perSecond("count"), share("count")]},
    pv_upcalls: {title: "Upcalls into PV guests",
                 name: r => `${r.name ?? `kind ${r.kind}`}${r.vector === null ? "" : ` ${vectorName(r.vector)}`}`,
                 columns: [count("count", "count"), perSecond("count"), share("count")]},
    evtchns: {title: "Event channels",
              name: r => `port ${r.port} ${r.name ?? "?"} ${r.source_name ?? r.source ?? ""}`.trim(),
              columns: [count("count", "count"), perSecond("count"), share("count"),
                        count("pending already", "pending"), time("to upcall, mean", "time", "mean_ns"),
                        time("p99", "time", "p99_ns"), time("max", "time", "max_ns")]},
    irqs: {title: "Physical interrupts",
           name: r => r.irq === null ? vectorText(r) : `${hex(r.vector)} irq ${r.irq}, of ${r.owner}`,
           columns: [count("count", "count"), perSecond("count"), share("count"), count("in guest", "in_guest"),
                     ...times("time")]},
    softirqs: {title: "Softirqs", name: r => `${r.softirq}${r.name ? ` ${r.name}` : ""}`,
               columns: [count("run", "count"), perSecond("count"), share("count"), count("raised", "raised"),
                         ...times("time")]},
    nmis: {title: "NMIs", name: () => "NMI",
           columns: [count("count", "count"), perSecond("count"), count("in guest", "in_guest"), ...times("time")]},
    lapic: {title: "Local APICs", name: r => hex(r.vector),
            columns: [count("accepted", "accepted"), perSecond("accepted"), share("accepted"),
                      count("coalesced", "coalesced"), count("EOIs", "eois"),
                      time("to injection, mean", "accept_to_inject", "mean_ns"),
                      time("p99", "accept_to_inject", "p99_ns"),
                      time("to EOI, mean", "accept_to_eoi", "mean_ns"),
                      time("p99", "accept_to_eoi", "p99_ns")]},
};

/* What a table that came later is made of: its numbers, and one duration. */
function guessed(key, rows) {
    const numeric = Object.keys(rows[0]).filter(k => typeof rows[0][k] === "number");
    const ids = numeric.filter(k => ["vector", "reason", "irq", "port", "number"].includes(k));
    const timed = rows.some(r => r.time);
    return {title: key[0].toUpperCase() + key.slice(1).replaceAll("_", " "),
            name: r => r.name ?? ids.map(k => `${k} ${r[k]}`).join(" "),
            columns: [...numeric.filter(k => !ids.includes(k)).map(k => count(k.replaceAll("_", " "), k)),
                      ...(timed ? times("time") : [])]};
}

function tableKeys() {
    const keys = new Set(Object.keys(known));
    for (const d of report.domains)
        for (const k of Object.keys(d))
            if (Array.isArray(d[k]) && d[k].length && typeof d[k][0] === "object") keys.add(k);
    return [...keys];
}

function cellOf(column, row, all) {
    const v = column.value(row, all);
    const cell = element("td", {textContent: v === null || v === undefined ? "-" : column.text(v)});
    if (typeof v === "number") cell.dataset.v = v;
    if (column.share) {
        const bar = element("i", {});
        bar.style.width = `${Math.min(100, 100 * v)}%`;
        cell.append(element("span", {className: "share"}, bar));
        cell.lastChild.setAttribute("aria-hidden", "true");
    }
    return cell;
}

/* One table with its own order, and rows that are shown on request. */
function reportTable(key, spec, rows, filter) {
    const shown = rows.filter(r => filter === "all" || String(r.domain) === filter);
    const counted = spec.columns.find(c => c.of)?.of;
    const all = counted ? shown.reduce((a, r) => a + r[counted], 0) : 0;
    const table = element("table", {className: "full"}), body = element("tbody", {});
    const more = element("button", {type: "button", className: "more no-print"});
    const columns = [{head: spec.title, value: r => spec.name(r), text: t => t, isText: true},
                     {head: "of", value: r => domainName(r.domain), text: t => t, isText: true},
                     ...spec.columns];
    let order = 2, falling = true, open = shown.length <= ROWS_SHOWN + 3;

    const fill = () => {
        const value = columns[order].value;
        const sorted = [...shown].sort((x, y) => {
            const a = value(x, all) ?? -1, b = value(y, all) ?? -1;
            const c = typeof a === "string" ? a.localeCompare(b) : a - b;
            return falling ? -c : c;
        });
        body.replaceChildren(...sorted.map((r, i) => {
            const tr = element("tr", {},
                element("th", {scope: "row", className: "text", textContent: spec.name(r)}),
                element("td", {className: "text", textContent: domainName(r.domain)}),
                ...spec.columns.map(c => cellOf(c, r, all)));
            tr.dataset.row = [key, r.domain, spec.name(r), counted ? r[counted] : r.count].join("|");
            tr.hidden = !open && i >= ROWS_SHOWN;
            return tr;
        }));
        more.hidden = open;
        more.textContent = `Show all ${grouped(shown.length)}`;
        for (const [i, th] of [...table.tHead.rows[0].cells].entries())
            if (i === order) th.setAttribute("aria-sort", falling ? "descending" : "ascending");
            else th.removeAttribute("aria-sort");
    };
    more.onclick = () => { open = true; fill(); };
    table.append(element("thead", {}, element("tr", {}, ...columns.map((c, i) => {
        const button = element("button", {type: "button", textContent: c.head, title: "Sort"});
        button.onclick = () => {
            falling = i === order ? !falling : !c.isText;
            order = i;
            fill();
        };
        return element("th", {scope: "col", className: c.isText ? "text" : ""}, button);
    }))), body);
    table.setAttribute("aria-label", spec.title);
    fill();
    return element("div", {className: "part"}, element("div", {className: "scroll"}, table), more);
}

function drawTables() {
    const filter = byId("table-domain").value, parts = [];
    for (const key of tableKeys()) {
        const rows = report.domains.flatMap(d => (Array.isArray(d[key]) ? d[key] : [])
            .map(r => ({...r, domain: d.domain})));
        if (!rows.some(r => filter === "all" || String(r.domain) === filter)) continue;
        parts.push(reportTable(key, known[key] ?? guessed(key, rows), rows, filter));
    }
    byId("tables").replaceChildren(...parts);
}

function setUpTables() {
    const select = byId("table-domain");
    select.append(new Option("all domains", "all"));
    for (const d of report.domains) select.append(new Option(domainName(d.domain), String(d.domain)));
    select.onchange = drawTables;
    drawTables();
}

/* Vectors down, domains across. */
const VECTORS_SHOWN = 64, GUESTS_SHOWN = 24;
const vectorKinds = [["injected", "count", "injected events"], ["lapic", "accepted", "accepted by local APICs"],
                     ["irqs", "count", "physical interrupts, by who was interrupted"],
                     ["exceptions", "count", "exceptions seen"],
                     ["pv_traps", "count", "traps of PV guests, and of Xen in their stead"],
                     ["swints", "count", "INT n"]];

function drawVectors() {
    const [key, of, text] = vectorKinds.find(k => k[0] === byId("vector-kind").value);
    const byVector = new Map(), byDomain = new Map();
    let most = 1;
    for (const d of report.domains)
        for (const r of d[key] ?? []) {
            if (!byVector.has(r.vector)) byVector.set(r.vector, {all: 0, name: "", of: new Map()});
            const v = byVector.get(r.vector), n = (v.of.get(d.domain) ?? 0) + r[of];
            v.name = v.name || r.name || "";
            v.all += r[of];
            v.of.set(d.domain, n);
            byDomain.set(d.domain, (byDomain.get(d.domain) ?? 0) + r[of]);
            most = Math.max(most, n);
        }
    const largest = (m, of_) => [...m].sort((a, b) => of_(b[1]) - of_(a[1]));
    const vectors = largest(byVector, v => v.all).slice(0, VECTORS_SHOWN).sort((a, b) => a[0] - b[0]);
    const domains = largest(byDomain, n => n).slice(0, GUESTS_SHOWN).map(([d]) => d).sort((a, b) => a - b);
    const body = element("tbody", {});
    for (const [vector, v] of vectors) {
        const tr = element("tr", {}, element("th", {scope: "row", textContent: hex(vector) + (v.name ? ` ${v.name}` : "")}));
        for (const d of domains) {
            const n = v.of.get(d) ?? 0, cell = element("td", {className: "cell", textContent: n ? grouped(n) : ""});
            const part = n ? 0.08 + 0.92 * Math.log1p(n) / Math.log1p(most) : 0;
            const back = mix(colours.card, colours["heat-1"], part);
            const bright = rgb => 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2];
            if (n) cell.style.background = css(back);
            if (n) cell.style.color = bright(back) > 140 ? "#16181b" : "#ffffff";
            if (n) cell.title = `${hex(vector)}, ${domainName(d)}: ${grouped(n)}, ${rate(seconds ? n / seconds : 0)} per s`;
            cell.dataset.v = n;
            tr.append(cell);
        }
        body.append(tr);
    }
    byId("vectors").replaceChildren(
        element("caption", {className: "print-only", textContent: text}),
        element("thead", {}, element("tr", {}, element("th", {scope: "col", textContent: "vector"}),
            ...domains.map(d => element("th", {scope: "col", textContent: domainName(d)})))), body);
    byId("vectors-note").textContent =
        byVector.size > vectors.length || byDomain.size > domains.length
        ? `The ${vectors.length} most frequent of ${byVector.size} vectors, the ${domains.length} busiest of ` +
          `${byDomain.size} domains; all are in the tables below.` : "";
}

function setUpVectors() {
    const select = byId("vector-kind");
    for (const [key, , text] of vectorKinds)
        if (report.domains.some(d => d[key]?.length)) select.append(new Option(text, key));
    select.onchange = drawVectors;
    if (select.options.length) drawVectors();
    else select.closest("section").hidden = true;
}

function drawCpus() {
    const head = ["pCPU", "records", "per s", "packets", "records lost", "packets missing"];
    const body = element("tbody", {});
    for (const c of report.cpus) {
        const values = [c.cpu, c.records, seconds ? c.records / seconds : 0, c.packets, c.discarded, c.lost_packets];
        body.append(element("tr", {}, ...values.map((v, i) => {
            const cell = element(i ? "td" : "th", {textContent: i === 2 ? rate(v) : grouped(v)});
            cell.dataset.v = v;
            return cell;
        })));
    }
    byId("cpus").replaceChildren(element("thead", {}, element("tr", {}, ...head.map(text =>
        element("th", {scope: "col", textContent: text})))), body);
}
