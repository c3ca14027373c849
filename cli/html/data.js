/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data of the page, and how numbers are written.  Whatever comes from a
 * trace becomes text of a node (textContent), never HTML.
 */
const byId = id => document.getElementById(id);
const json = id => JSON.parse(byId("data-" + id).textContent);
const report = json("report"), timeline = json("timeline");
const maps = json("maps"), records = json("records");

/* element("td", {className: "x"}, child or text, ...) */
function element(tag, props, ...children) {
    const e = Object.assign(document.createElement(tag), props);
    e.append(...children);
    return e;
}

const grouped = n => n.toLocaleString("en-US", {maximumFractionDigits: 0});

/* Three digits that count. */
function three(v) {
    const a = Math.abs(v);
    return v.toFixed(a < 9.995 ? 2 : a < 99.95 ? 1 : 0);
}

function duration(ns) {
    const a = Math.abs(ns);
    if (a < 1000) return `${Math.round(ns)} ns`;
    if (a < 999500) return `${three(ns / 1e3)} us`.replace("us", "\u00b5s");
    if (a < 999500000) return `${three(ns / 1e6)} ms`;
    return `${three(ns / 1e9)} s`;
}

function rate(n) {
    if (n < 9999.5) return three(n);
    if (n < 999500) return `${three(n / 1e3)} k`;
    if (n < 999500000) return `${three(n / 1e6)} M`;
    return `${three(n / 1e9)} G`;
}

/* A moment, in seconds since the trace's start, with digits for `span` ns. */
function moment(ns, span) {
    const digits = Math.min(9, Math.max(3, 2 - Math.floor(Math.log10(span / 1e9))));
    return `${(ns / 1e9).toFixed(digits)} s`;
}

const names = new Map(report.domains.map(d => [d.domain, d.name]));
function domainName(id) {
    if (id === 0x7fff) return "Xen (idle)";
    if (id === 0xffff) return "no domain";
    const name = names.get(id);
    return name ? `d${id} (${name})` : `d${id}`;
}

const hex = v => "0x" + v.toString(16).padStart(2, "0");

/* Variable-length integers in Base64: an array of numbers. */
function numbers(text) {
    const s = atob(text), out = [];
    let n = 0, scale = 1;
    for (let i = 0; i < s.length; i++) {
        const b = s.charCodeAt(i);
        n += (b & 0x7f) * scale;
        if (b & 0x80) {
            scale *= 128;
        } else {
            out.push(n);
            n = 0;
            scale = 1;
        }
    }
    return out;
}

/*
 * A row of bins in several resolutions.  A level is three arrays: where a cell
 * begins, how many bins it spans, and what each of them holds; the next level's
 * bins are four times as wide.
 */
class Series {
    constructor(text, unit) {
        const n = numbers(text), width = 2 ** timeline.shift, level = Series.level(width, n.length);
        const add = (bin, run, value) => {
            level.bin[level.nr] = bin;
            level.run[level.nr] = run;
            level.value[level.nr++] = value;
        };
        for (let i = 0, bin = 0; i < n.length;) {
            bin += Math.floor(n[i] / 2);
            const single = n[i++] % 2, head = single ? 2 : n[i++];
            const count = Math.floor(head / 2), full = head % 2;
            if (full) add(bin, count, width);
            for (let k = 0; !full && k < count; k++) add(bin + k, 1, n[i++] * unit);
            bin += count;
        }
        this.levels = [Series.trimmed(level)];
    }

    static trimmed(level) {
        for (const k of ["bin", "run", "value"]) level[k] = level[k].slice(0, level.nr);
        return level;
    }

    static level(width, room) {
        return {width, nr: 0, bin: new Uint32Array(room), run: new Uint32Array(room),
                value: new Float64Array(room)};
    }

    static coarser(from) {
        const to = Series.level(from.width * 4, 3 * from.nr);
        const put = (bin, run, value) => {
            const last = to.nr - 1;
            if (last >= 0 && run === 1 && to.run[last] === 1 && to.bin[last] === bin) {
                to.value[last] += value;
                return;
            }
            to.bin[to.nr] = bin;
            to.run[to.nr] = run;
            to.value[to.nr++] = value;
        };
        for (let i = 0; i < from.nr; i++) {
            const value = from.value[i];
            let bin = from.bin[i], left = from.run[i];
            while (left && (bin % 4 || left < 4)) {
                const n = Math.min(left, 4 - bin % 4);
                put(Math.floor(bin / 4), 1, n * value);
                bin += n;
                left -= n;
            }
            if (left >= 4) {
                put(bin / 4, Math.floor(left / 4), 4 * value);
                bin += left - left % 4;
                left %= 4;
            }
            if (left) put(Math.floor(bin / 4), 1, left * value);
        }
        return Series.trimmed(to);
    }

    /* The coarsest level whose bins are not wider than that. */
    level(width) {
        let i = 0;
        while (this.levels[i].width * 4 <= width) {
            if (!this.levels[i + 1]) this.levels.push(Series.coarser(this.levels[i]));
            i++;
        }
        return this.levels[i];
    }

    /*
     * Adds what there was from `from` to `to` (ns) to out[], as many stretches.  Of
     * a bin that is partly in one, a part is taken: so, the fewer the stretches,
     * the finer the bins have to be.
     */
    sum(from, to, out) {
        const step = (to - from) / out.length;
        const l = this.level(out.length < 100 ? step / 2000 : step);
        let lo = 0, hi = l.nr;
        while (lo < hi) {
            const mid = (lo + hi) >> 1;
            if ((l.bin[mid] + l.run[mid]) * l.width <= from) lo = mid + 1;
            else hi = mid;
        }
        for (let i = lo; i < l.nr; i++) {
            const begin = l.bin[i] * l.width;
            if (begin >= to) break;
            const total = l.run[i] * l.value[i];
            const end = Math.min(begin + l.run[i] * l.width, timeline.span_ns + 1);
            const a = (begin - from) / step, b = (end - from) / step;
            const first = Math.max(0, Math.floor(a));
            const last = Math.min(out.length - 1, Math.ceil(b) - 1);
            if (first === last && a >= first && b <= first + 1) {
                out[first] += total;
                continue;
            }
            for (let c = first; c <= last; c++)
                out[c] += total * (Math.min(b, c + 1) - Math.max(a, c)) / (b - a);
        }
    }
}

/* Decodes a lane's series when they are first wanted. */
function lazily(texts, unit) {
    const made = new Map();
    return {
        names: Object.keys(texts),
        get(name) {
            if (!made.has(name)) made.set(name, new Series(texts[name], unit));
            return made.get(name);
        },
    };
}

const timeUnit = Math.max(1, 2 ** timeline.shift / timeline.time_units);
for (const lane of timeline.lanes) {
    lane.isCpu = lane.cpu !== undefined;
    lane.name = lane.isCpu ? `pCPU ${lane.cpu}` : `d${lane.domain}v${lane.vcpu}`;
    lane.time = lazily(lane.time, timeUnit);
    lane.events = lazily(lane.events, 1);
}
