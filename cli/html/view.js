/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which stretch of time is in view: one for the whole page.  It is in the page's
 * address, in seconds since the trace's start, as `idtap script` prints them:
 * #t=1.2,1.3.
 */
const NARROWEST = 1000; /* ns */
const whole = {from: 0, to: Math.max(timeline.span_ns + 1, NARROWEST)}; /* the last record is in it */
const view = {from: whole.from, to: whole.to};
const viewListeners = [];
let pending = false;

function redraw() {
    for (const listener of viewListeners) listener();
}

function redrawSoon() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
        pending = false;
        redraw();
    });
}

/* In ns since the first record; keeps within the trace. */
function setView(from, to, keepAddress) {
    const length = Math.min(Math.max(to - from, NARROWEST), whole.to);
    view.from = Math.min(Math.max(from, 0), whole.to - length);
    view.to = view.from + length;
    if (!keepAddress) {
        const start = timeline.start_ns;
        const all = view.from === whole.from && view.to === whole.to;
        const text = ns => ((ns + start) / 1e9).toFixed(9).replace(/\.?0+$/, "");
        history.replaceState(null, "", all ? "#" : `#t=${text(view.from)},${text(view.to)}`);
    }
    redrawSoon();
}

/* Around `center`, a part 0 to 1 of the view. */
function zoom(factor, center = 0.5) {
    const length = view.to - view.from, at = view.from + center * length;
    const next = Math.max(length * factor, NARROWEST);
    setView(at - center * next, at + (1 - center) * next);
}

function pan(part) {
    const by = part * (view.to - view.from);
    setView(view.from + by, view.to + by);
}

function viewFromAddress() {
    const m = /[#&]t=(-?[\d.]+),(-?[\d.]+)/.exec(location.hash);
    const from = m ? Number(m[1]) * 1e9 - timeline.start_ns : NaN;
    const to = m ? Number(m[2]) * 1e9 - timeline.start_ns : NaN;
    if (from < to) setView(from, to, true);
    else setView(whole.from, whole.to, true);
}

const viewKeys = {
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
    PageUp: () => pan(-0.9), PageDown: () => pan(0.9),
    ArrowUp: () => zoom(0.5), ArrowDown: () => zoom(2),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    0: () => setView(whole.from, whole.to),
    Home: () => setView(0, view.to - view.from),
    End: () => setView(whole.to - (view.to - view.from), whole.to),
};

function onKey(event) {
    const act = viewKeys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
}

/* Colours are the style sheet's: they follow the theme. */
let colours = {};
function readColours() {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const get = name => {
        probe.fillStyle = style.getPropertyValue("--" + name).trim();
        probe.fillRect(0, 0, 1, 1);
        return Array.from(probe.getImageData(0, 0, 1, 1).data.slice(0, 3));
    };
    colours = {};
    for (const name of ["card", "ink", "soft", "line", "accent", "events", "heat-0", "heat-1",
                        "guest", "xen", "idle", "other", "softirq", "irq", "nmi", "lost"])
        colours[name] = get(name);
}
const css = (rgb, alpha = 1) => `rgb(${rgb.join(" ")} / ${alpha})`;
const mix = (a, b, part) => a.map((v, i) => Math.round(v + (b[i] - v) * part));

/* A canvas's pixels, as many as the screen has; null if it cannot be seen. */
function prepare(canvas) {
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (!width || !height) return null;
    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }
    const g = canvas.getContext("2d");
    g.clearRect(0, 0, width, height);
    return {g, width, height, ratio};
}
