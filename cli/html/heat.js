/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations over time, in the timeline's view: a column per stretch of time, a
 * row per half octave of duration, the darker the more.
 */
let heatMap = null;

function decodeHeat(map) {
    if (map.columns) return;
    const n = numbers(map.cells), rows = maps.rows;
    map.columns = new Map();
    map.lowest = rows;
    map.highest = 0;
    map.most = 0;
    for (let i = 0, cell = 0; i < n.length; i += 2, cell++) {
        cell += n[i];
        const column = Math.floor(cell / rows), row = cell % rows;
        if (!map.columns.has(column)) map.columns.set(column, new Map());
        map.columns.get(column).set(row, n[i + 1]);
        map.lowest = Math.min(map.lowest, row);
        map.highest = Math.max(map.highest, row);
        map.most = Math.max(map.most, n[i + 1]);
    }
    /* Where all take the same there shall be a scale, too: a power of ten. */
    for (let low = true; map.highest - map.lowest < 7; low = !low)
        if (low && map.lowest > 0) map.lowest--;
        else map.highest++;
}

/* Counts of a column of pixels, by row of the map. */
function heatColumn(map, from, to) {
    const width = 2 ** map.shift, out = new Map();
    for (let c = Math.floor(from / width); c * width < to; c++)
        for (const [row, n] of map.columns.get(c) ?? [])
            out.set(row, (out.get(row) ?? 0) + n);
    return out;
}

function drawHeat() {
    const canvas = byId("heat"), p = prepare(canvas), scale = byId("heat-scale");
    if (!p || !heatMap) return;
    const rows = heatMap.highest - heatMap.lowest + 1;
    const span = view.to - view.from, step = Math.max(p.ratio, 2 ** heatMap.shift / span * p.width);
    const begin = Math.floor(view.from / 2 ** heatMap.shift) * 2 ** heatMap.shift;
    const y = row => p.height * (1 - (row - heatMap.lowest) / rows);
    let most = 1;
    const columns = [];
    for (let x = step > p.ratio ? (begin - view.from) / span * p.width : 0; x < p.width; x += step) {
        const from = view.from + x / p.width * span;
        const column = heatColumn(heatMap, from + 1e-6 * span, from + (step / p.width - 1e-6) * span);
        columns.push([x, column]);
        for (const n of column.values()) most = Math.max(most, n);
    }
    p.g.fillStyle = css(colours["heat-0"]);
    p.g.fillRect(0, 0, p.width, p.height);
    for (const [x, column] of columns)
        for (const [row, n] of column) {
            const part = most > 1 ? 0.25 + 0.75 * Math.log(n) / Math.log(most) : 1;
            p.g.fillStyle = css(mix(colours["heat-0"], colours["heat-1"], part));
            p.g.fillRect(Math.floor(x), Math.floor(y(row + 1)), Math.ceil(step), Math.ceil(p.height / rows));
        }

    scale.replaceChildren();
    for (let ns = 1; ns < 1e13; ns *= 10) {
        const at = 2 * Math.log2(ns), part = (at - heatMap.lowest) / rows;
        if (part < 0 || part > 1) continue;
        const label = element("span", {textContent: duration(ns).replace(/\.0+ /, " ")});
        label.style.top = `${100 * (1 - part)}%`;
        scale.append(label);
        p.g.fillStyle = css(colours.ink, 0.12);
        p.g.fillRect(0, Math.round(y(at)), p.width, Math.max(1, p.ratio / 2));
    }
    byId("heat-note").textContent = `The darkest: ${grouped(most)} in one cell. Columns are ` +
        `${duration(Math.max(2 ** heatMap.shift, span / p.width * p.ratio))}, at the beginning of what is timed.`;
}

/* The longest durations, each with a way to where it was. */
function drawLongest() {
    const body = element("tbody", {});
    for (const s of heatMap.longest) {
        const go = element("button", {type: "button", textContent: moment(s.at_ns + timeline.start_ns, 1e3),
                                      title: "Show it in the timeline"});
        go.onclick = () => {
            const margin = Math.max(s.ns, 20000) / 2;
            setView(s.at_ns - margin, s.at_ns + s.ns + margin);
            byId("h-timeline").scrollIntoView();
        };
        body.append(element("tr", {},
            element("th", {scope: "row", className: "text", textContent: s.name}),
            element("td", {className: "text", textContent: domainName(s.domain)}),
            element("td", {textContent: duration(s.ns)}), element("td", {}, go)));
    }
    byId("longest").replaceChildren(element("thead", {}, element("tr", {},
        ...["", "of", "took", "at"].map((text, i) =>
            element("th", {scope: "col", className: i < 2 ? "text" : "", textContent: text})))), body);
}

function chooseHeat() {
    const kind = byId("heat-kind").value, domain = byId("heat-domain").value;
    heatMap = maps.maps.find(m => m.kind === kind && String(m.domain) === domain) ??
              maps.maps.find(m => m.kind === kind);
    if (!heatMap) return;
    decodeHeat(heatMap);
    const text = `${heatMap.kind}, ${heatMap.domain === null ? "all domains" : domainName(heatMap.domain)}: ` +
        `${grouped(heatMap.count)} durations`;
    byId("heat-title").textContent = text;
    byId("heat").setAttribute("aria-label", `Heat map. ${text}, from ` +
        `${duration(maps.row_ns[heatMap.lowest])} to ${duration(maps.row_ns[heatMap.highest])}.`);
    byId("heat").dataset.count = heatMap.count;
    drawLongest();
    redrawSoon();
}

function setUpHeat() {
    const kinds = byId("heat-kind"), domains = byId("heat-domain");
    const offer = () => {
        const before = domains.value;
        domains.replaceChildren();
        for (const m of maps.maps.filter(x => x.kind === kinds.value))
            domains.append(new Option(m.domain === null ? "all domains" : domainName(m.domain), String(m.domain)));
        if ([...domains.options].some(o => o.value === before)) domains.value = before;
        chooseHeat();
    };
    for (const kind of new Set(maps.maps.map(m => m.kind))) kinds.append(new Option(kind, kind));
    kinds.onchange = offer;
    domains.onchange = chooseHeat;
    if (!maps.maps.length) {
        byId("heat").closest("section").hidden = true;
        return;
    }
    offer();

    const canvas = byId("heat"), tip = byId("tip");
    canvas.addEventListener("pointermove", event => {
        const box = canvas.getBoundingClientRect(), width = 2 ** heatMap.shift;
        const at = view.from + (event.clientX - box.left) / box.width * (view.to - view.from);
        const rows = heatMap.highest - heatMap.lowest + 1;
        const row = heatMap.highest - Math.floor((event.clientY - box.top) / box.height * rows);
        const column = Math.floor(at / width);
        const n = heatMap.columns.get(column)?.get(row) ?? 0;
        tip.textContent = `${duration(maps.row_ns[row])} to ${duration(maps.row_ns[row + 1] ?? Infinity)}\n` +
            `at ${moment(column * width + timeline.start_ns, view.to - view.from)}, ${duration(width)} long: ${grouped(n)}`;
        showTip(event);
    });
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
}
