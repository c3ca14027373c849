/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets the page up, and keeps it as it should be when theme or size change. */
function facts() {
    const lost = report.cpus.reduce((a, c) => a + c.discarded, 0);
    const missing = report.cpus.reduce((a, c) => a + c.lost_packets, 0);
    const when = new Date(report.start_realtime_ns / 1e6);
    const list = [
        ["Host", report.hostname], ["Xen", report.xen_version, `build-id ${report.xen_build_id}`],
        ["CPU", report.cpu_model], ["Recorded", when.toISOString().replace("T", " ").slice(0, 19) + " UTC"],
        ["Duration", duration(report.duration_ns)],
        ["Records", grouped(report.records) +
            (report.chosen !== report.records ? `, ${grouped(report.chosen)} of them chosen` : "")],
        ["pCPUs", grouped(report.cpus.filter(c => c.packets).length)],
        ["Domains", grouped(report.domains.filter(d => d.domain < 0x7ff0).length)],
        ["Lost", lost || missing ? `${grouped(lost)} records${missing ? `, ${grouped(missing)} packets` : ""}` : "none"],
        ["Command", report.command],
    ];
    for (const [name, text, title] of list) {
        if (!text) continue;
        const dd = element("dd", {textContent: text, title: title ?? ""});
        if (name === "Lost" && text !== "none") dd.className = "bad";
        byId("facts").append(element("div", {className: text.length > 22 && name !== "Recorded" ? "wide" : ""},
                                     element("dt", {textContent: name}), dd));
    }
    byId("lead").textContent = `${grouped(report.records)} records in ${duration(report.duration_ns)}, ` +
        `${rate(seconds ? report.records / seconds : 0)} per second`;
    byId("made").textContent = `Made from ${report.trace} by idtap ${report.idtap_version}.`;

    const warnings = [];
    if (lost) warnings.push(`${grouped(lost)} records were lost: rings were full. What is shown is too low where this happened.`);
    if (missing) warnings.push(`${grouped(missing)} packets are missing, with an unknown number of records.`);
    if (!report.complete) warnings.push("Something was wrong with the trace: not all of it could be read.");
    if (!timeline.lanes.length) {
        warnings.push("No record of a pCPU is in the trace, or none was chosen.");
        for (const id of ["h-timeline", "h-tables", "h-cpus"]) byId(id).closest("section").hidden = true;
    }
    byId("warnings").textContent = warnings.join("\n");
    byId("warnings").hidden = !warnings.length;

    const notes = [`The finest bins are ${duration(2 ** timeline.shift)} wide. ` +
        "A page of fewer domains or classes or of less time (idtap html -d, -e, --time) has finer ones."];
    if (timeline.shift <= 7) notes[0] = `Bins are ${duration(2 ** timeline.shift)} wide: hardly two records meet.`;
    if (timeline.left_out) notes.push("There are more vCPUs than the page has lanes for.");
    byId("timeline-note").textContent = notes.join(" ");
}

function buttons() {
    byId("pan-left").onclick = () => pan(-0.5);
    byId("pan-right").onclick = () => pan(0.5);
    byId("zoom-in").onclick = () => zoom(0.5);
    byId("zoom-out").onclick = () => zoom(2);
    byId("zoom-all").onclick = () => setView(whole.from, whole.to);
}

/* Everything that has colours of its own. */
function repaint() {
    readColours();
    drawVectors();
    redraw();
}

readColours();
facts();
laneFilter();
legend();
buttons();
setUpHeat();
setUpVectors();
setUpTables();
drawCpus();
viewListeners.push(drawLanes, drawInView, drawRecords, drawHeat);
laneMouse();
viewFromAddress();
showLanes("all");
redraw();

addEventListener("hashchange", viewFromAddress);
addEventListener("resize", redrawSoon);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    for (const lane of shownLanes) lane.visible = true;
    repaint();
});
addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    repaint();
});
document.documentElement.dataset.ready = "yes";
