/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline: a lane per pCPU and vCPU.  In each, above, the share of time of
 * each state, and below, how many events there were; on top of all, the rate of
 * events of the whole trace, which shows where the view is.
 */
const states = [ /* from the bottom up */
    ["guest", "guest runs"],
    ["xen", "VM exit, in Xen"],
    ["softirq", "softirq"],
    ["irq", "interrupt"],
    ["nmi", "NMI"],
    ["other", "PV guest, or not told"],
    ["idle", "idle, halted"],
    ["lost", "records lost"],
];
const stateNames = new Map(states);
const EVENTS_PART = 0.27; /* of a lane's height */
let shownLanes = [];

function sums(series, from, to, columns) {
    const out = new Float64Array(columns);
    if (series) series.sum(from, to, out);
    return out;
}

function total(series) {
    return sums(series, view.from, view.to, 1)[0];
}

/* All events of a lane, by column. */
function eventColumns(lane, from, to, columns) {
    const out = new Float64Array(columns);
    for (const name of lane.events.names) lane.events.get(name).sum(from, to, out);
    return out;
}

function drawStates(pixels, width, height, lane) {
    const step = (view.to - view.from) / width;
    const filled = new Float64Array(width), rows = new Int32Array(width);
    for (const [name] of states) {
        if (!lane.time.names.includes(name)) continue;
        const column = sums(lane.time.get(name), view.from, view.to, width);
        const rgb = colours[name], rare = name === "nmi" || name === "lost";
        for (let x = 0; x < width; x++) {
            if (!column[x]) continue;
            filled[x] += column[x] / step * height;
            /* What is rare and matters is never too small to be seen. */
            let end = Math.min(height, Math.round(filled[x]));
            if (rare) end = Math.max(end, Math.min(height, rows[x] + 2));
            for (; rows[x] < end; rows[x]++) {
                const at = ((height - 1 - rows[x]) * width + x) * 4;
                const stripe = name === "lost" && (x + rows[x]) % 8 < 3;
                const c = stripe ? colours.card : rgb;
                pixels[at] = c[0];
                pixels[at + 1] = c[1];
                pixels[at + 2] = c[2];
                pixels[at + 3] = 255;
            }
        }
    }
}

function drawLane(lane) {
    const p = prepare(lane.canvas);
    if (!p) return;
    const below = Math.round(p.height * EVENTS_PART), gap = Math.round(p.ratio);
    const above = p.height - below - gap;
    const image = p.g.createImageData(p.width, p.height), data = image.data;
    drawStates(data, p.width, above, lane);

    const events = eventColumns(lane, view.from, view.to, p.width);
    let most = 0;
    for (const n of events) most = Math.max(most, n);
    for (let x = 0; x < p.width; x++) {
        const part = events[x] ? 0.15 + 0.85 * Math.log1p(events[x]) / Math.log1p(most) : 0;
        const c = mix(colours["heat-0"], colours.events, part);
        for (let y = above + gap; y < p.height; y++) {
            const at = (y * p.width + x) * 4;
            data[at] = c[0];
            data[at + 1] = c[1];
            data[at + 2] = c[2];
            data[at + 3] = 255;
        }
    }
    p.g.putImageData(image, 0, 0);
}

/* 1, 2 or 5 times a power of ten, for some `wanted` steps. */
function niceStep(span, wanted) {
    const raw = span / wanted, power = 10 ** Math.floor(Math.log10(raw));
    return power * [1, 2, 5, 10].find(m => m * power >= raw);
}

/* Text is as large as the page's, whatever the pixels are. */
function textSize(p, size) {
    p.g.font = `${size * p.ratio}px ${getComputedStyle(document.body).fontFamily}`;
}

function drawAxis() {
    const p = prepare(byId("axis"));
    if (!p) return;
    const span = view.to - view.from, step = niceStep(span, p.width / p.ratio / 130);
    const offset = timeline.start_ns;
    const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / 1e9) + 1e-9)));
    p.g.fillStyle = css(colours.soft);
    textSize(p, 11);
    p.g.textBaseline = "bottom";
    for (let n = Math.ceil((view.from + offset) / step); n * step <= view.to + offset; n++) {
        const x = (n * step - offset - view.from) / span * p.width;
        const text = `${(n * step / 1e9).toFixed(digits)} s`;
        const width = p.g.measureText(text).width;
        p.g.fillRect(Math.round(x), 0, Math.max(1, p.ratio), 4 * p.ratio);
        p.g.fillText(text, Math.max(0, Math.min(p.width - width, x - width / 2)), p.height);
    }
}

let overviewCache = null;
function overviewColumns(width) {
    if (overviewCache?.length !== width) {
        overviewCache = new Float64Array(width);
        /* Each event is in the lane of its pCPU, once. */
        for (const lane of timeline.lanes.filter(l => l.isCpu))
            for (const name of lane.events.names)
                lane.events.get(name).sum(whole.from, whole.to, overviewCache);
    }
    return overviewCache;
}

function drawOverview() {
    const p = prepare(byId("overview"));
    if (!p) return;
    const columns = overviewColumns(p.width), most = Math.max(1, ...columns);
    p.g.fillStyle = css(colours["heat-0"]);
    p.g.fillRect(0, 0, p.width, p.height);
    p.g.fillStyle = css(colours.events, 0.75);
    for (let x = 0; x < p.width; x++) {
        const h = columns[x] / most * (p.height - 2);
        p.g.fillRect(x, p.height - h, 1, h);
    }
    const a = view.from / whole.to * p.width, b = view.to / whole.to * p.width;
    if (b - a < p.width - 0.5) {
        p.g.fillStyle = css(colours.card, 0.65);
        p.g.fillRect(0, 0, a, p.height);
        p.g.fillRect(b, 0, p.width - b, p.height);
        p.g.strokeStyle = css(colours.ink);
        p.g.lineWidth = p.ratio;
        p.g.strokeRect(a, p.ratio / 2, Math.max(b - a, 2 * p.ratio), p.height - p.ratio);
    }
    const perSecond = most / (whole.to / p.width) * 1e9;
    byId("overview-name").textContent = `max ${rate(perSecond)}/s`;
}

function drawLanes() {
    byId("view").textContent = `${moment(view.from + timeline.start_ns, view.to - view.from)} to ` +
        `${moment(view.to + timeline.start_ns, view.to - view.from)}: ${duration(view.to - view.from)}`;
    drawOverview();
    drawAxis();
    for (const lane of shownLanes) if (lane.visible) drawLane(lane);
}

/* Lanes that are scrolled away hold no pixels. */
const laneObserver = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries) {
        const lane = target.lane;
        lane.visible = isIntersecting;
        if (isIntersecting) drawLane(lane);
        else lane.canvas.width = lane.canvas.height = 0;
    }
}, {rootMargin: "200px"});

function showLanes(filter) {
    const box = byId("lanes");
    laneObserver.disconnect();
    box.replaceChildren();
    shownLanes = timeline.lanes.filter(l => filter === "all" ||
        (filter === "cpus" ? l.isCpu : !l.isCpu && String(l.domain) === filter));
    let before = null;
    for (const lane of shownLanes) {
        const kind = lane.isCpu ? "cpu" : lane.domain;
        const label = lane.isCpu ? lane.name : `${names.get(lane.domain) || ""} ${lane.name}`;
        lane.canvas = element("canvas", {});
        lane.canvas.setAttribute("role", "img");
        lane.canvas.setAttribute("aria-label", `Timeline of ${label}`);
        const row = element("div", {className: "lane"},
                            element("div", {className: "name", textContent: label, title: label}),
                            lane.canvas);
        if (before !== null && before !== kind) row.classList.add("group-start");
        before = kind;
        row.lane = lane;
        lane.visible = false;
        box.append(row);
        laneObserver.observe(row);
    }
    document.body.style.setProperty("--bar-width", `${box.offsetWidth - box.clientWidth}px`);
    redrawSoon();
}

function laneFilter() {
    const select = byId("lane-filter");
    const domains = [...new Set(timeline.lanes.filter(l => !l.isCpu).map(l => l.domain))];
    select.append(new Option("all", "all"), new Option("pCPUs", "cpus"));
    for (const d of domains) select.append(new Option(domainName(d), String(d)));
    select.onchange = () => showLanes(select.value);
}

function legend() {
    const used = new Set(timeline.lanes.flatMap(l => l.time.names));
    for (const [name, text] of states) {
        if (!used.has(name)) continue;
        const i = element("i", {});
        i.style.background = `var(--${name})`;
        byId("legend").append(element("span", {}, i, text));
    }
    const i = element("i", {});
    i.style.background = "var(--events)";
    byId("legend").append(element("span", {}, i, "number of events (strip below)"));
}

/* What a lane did in [from, to), one line each. */
function laneWords(lane, from, to) {
    const lines = [];
    for (const [name, text] of states) {
        if (!lane.time.names.includes(name)) continue;
        const ns = sums(lane.time.get(name), from, to, 1)[0];
        if (ns > 0) lines.push(`${text}: ${(100 * ns / (to - from)).toFixed(1)} %`);
    }
    for (const name of lane.events.names) {
        const n = sums(lane.events.get(name), from, to, 1)[0];
        if (n >= 0.005) lines.push(`${name}: ${n < 10 ? Number(n.toFixed(2)) : grouped(n)}`);
    }
    return lines.length ? lines : ["nothing recorded"];
}

/* The whole view in numbers: what the lanes show, for those who read. */
function drawInView() {
    const cpus = timeline.lanes.filter(l => l.isCpu);
    const present = states.filter(([n]) => cpus.some(l => l.time.names.includes(n)));
    const classes = [...new Set(cpus.flatMap(l => l.events.names))];
    const head = ["", ...present.map(([, text]) => text), ...classes];
    const rows = cpus.map(lane => [lane.name,
        ...present.map(([n]) => lane.time.names.includes(n) ? total(lane.time.get(n)) : 0),
        ...classes.map(n => lane.events.names.includes(n) ? total(lane.events.get(n)) : 0)]);
    const sum = ["all pCPUs", ...head.slice(1).map((_, i) => rows.reduce((a, r) => a + r[i + 1], 0))];
    const length = view.to - view.from;
    const line = (row, lanes) => element("tr", {}, ...row.map((v, i) => {
        if (!i) return element("th", {scope: "row", textContent: v});
        const text = i <= present.length ? `${(100 * v / length / lanes).toFixed(1)} %` : grouped(v);
        const cell = element("td", {textContent: v ? text : "-"});
        cell.dataset.v = Math.round(v);
        cell.dataset.what = `${i <= present.length ? "time" : "events"} ${head[i]}`;
        return cell;
    }));
    const body = element("tbody", {});
    const all = line(sum, cpus.length || 1);
    all.id = "in-view-all";
    body.append(all);
    if (cpus.length > 1 && cpus.length <= 64) for (const row of rows) body.append(line(row, 1));
    byId("in-view").replaceChildren(
        element("thead", {}, element("tr", {}, ...head.map(text =>
            element("th", {scope: "col", textContent: text})))), body);
}

/* The records themselves, if the page has them and they are few. */
const RECORDS_SHOWN = 500;
function drawRecords() {
    if (!records) return;
    byId("records-part").hidden = false;
    const from = view.from + timeline.start_ns, to = view.to + timeline.start_ns;
    const first = records.findIndex(r => r[0] >= from);
    let last = first < 0 ? 0 : first;
    while (first >= 0 && last < records.length && records[last][0] <= to) last++;
    const nr = first < 0 ? 0 : last - first, table = byId("records-table");
    byId("records-note").textContent = nr > RECORDS_SHOWN
        ? `${grouped(nr)} records. Zoom in to see them, ${RECORDS_SHOWN} at most.`
        : `${grouped(nr)} records.`;
    table.dataset.count = nr;
    table.replaceChildren();
    if (!nr || nr > RECORDS_SHOWN) return;
    const body = element("tbody", {});
    for (const [ns, cpu, domain, vcpu, event, words] of records.slice(first, last)) {
        const who = domain === null ? "-" : vcpu === null ? `d${domain}`
                                          : domain === 0x7fff ? "idle" : `d${domain}v${vcpu}`;
        body.append(element("tr", {},
            element("td", {textContent: `${(ns / 1e9).toFixed(9)}`}),
            element("td", {textContent: `pCPU ${cpu}`, className: "text"}),
            element("td", {textContent: who, className: "text"}),
            element("td", {textContent: event, className: "text"}),
            element("td", {textContent: words, className: "text"})));
    }
    table.append(element("thead", {}, element("tr", {}, ...["s", "pCPU", "vCPU", "event", ""].map(
        text => element("th", {scope: "col", textContent: text, className: "text"})))), body);
}

/* The mouse: over a lane it tells what is there, dragged it zooms or moves. */
function laneMouse() {
    const chart = byId("chart"), cursor = byId("cursor"), tip = byId("tip");
    let drag = null;
    const part = (event, canvas) => {
        const box = canvas.getBoundingClientRect();
        return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    const place = (a, b) => {
        const box = byId("axis").getBoundingClientRect();
        const left = box.left - chart.getBoundingClientRect().left;
        cursor.style.left = `${left + a * box.width}px`;
        cursor.style.width = b === undefined ? "1px" : `${(b - a) * box.width}px`;
        cursor.classList.toggle("range", b !== undefined);
        cursor.hidden = false;
    };

    chart.addEventListener("pointerdown", event => {
        const canvas = event.target.closest("canvas");
        if (!canvas || event.button) return;
        drag = {canvas, at: part(event, canvas), moves: event.shiftKey, from: view.from,
                overview: canvas.id === "overview"};
        chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener("pointermove", event => {
        const canvas = drag ? drag.canvas : event.target.closest("canvas");
        if (!canvas) {
            tip.hidden = cursor.hidden = true;
            return;
        }
        const at = part(event, canvas), length = view.to - view.from;
        if (drag?.overview) {
            const a = Math.min(at, drag.at), b = Math.max(at, drag.at);
            if (b - a > 0.002) setView(a * whole.to, b * whole.to);
            else setView(at * whole.to - length / 2, at * whole.to + length / 2);
            return;
        }
        if (drag?.moves) {
            const from = drag.from + (drag.at - at) * length;
            setView(from, from + length);
            return;
        }
        if (drag) {
            place(Math.min(at, drag.at), Math.max(at, drag.at));
            tip.textContent = duration(Math.abs(at - drag.at) * length);
        } else {
            const lane = canvas.closest(".lane")?.lane;
            if (!lane) {
                tip.hidden = cursor.hidden = true;
                return;
            }
            place(at);
            const pixel = length / canvas.getBoundingClientRect().width * 3;
            const bin = 2 ** timeline.shift, width = Math.max(pixel, bin);
            const from = Math.floor((view.from + at * length) / width) * width;
            tip.textContent = `${lane.name} at ${moment(from + timeline.start_ns, length)}, ` +
                `${duration(width)} long\n${laneWords(lane, from, from + width).join("\n")}`;
        }
        showTip(event);
    });
    const end = event => {
        if (drag && !drag.moves && !drag.overview) {
            const at = part(event, drag.canvas), length = view.to - view.from;
            const a = Math.min(at, drag.at), b = Math.max(at, drag.at);
            if ((b - a) * drag.canvas.clientWidth > 4)
                setView(view.from + a * length, view.from + b * length);
        }
        drag = null;
        cursor.hidden = tip.hidden = true;
    };
    chart.addEventListener("pointerup", end);
    chart.addEventListener("pointercancel", () => { drag = null; });
    chart.addEventListener("pointerleave", () => { if (!drag) cursor.hidden = tip.hidden = true; });
    chart.addEventListener("dblclick", event => {
        const canvas = event.target.closest("canvas");
        if (canvas) zoom(4, part(event, canvas));
    });
    chart.addEventListener("wheel", event => {
        const canvas = event.target.closest("canvas");
        if (canvas && event.ctrlKey) {
            event.preventDefault();
            zoom(event.deltaY > 0 ? 1.3 : 1 / 1.3, part(event, canvas));
        } else if (canvas && event.deltaX) {
            event.preventDefault();
            pan(event.deltaX / 1000);
        }
    }, {passive: false});
    chart.addEventListener("keydown", onKey);
}

function showTip(event) {
    const tip = byId("tip");
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = event.clientX + 14 + box.width > innerWidth ? event.clientX - 14 - box.width
                                                             : event.clientX + 14;
    const top = event.clientY + 14 + box.height > innerHeight ? event.clientY - 14 - box.height
                                                              : event.clientY + 14;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
}
