"use strict";

// Filters the findings of the page, and compares them with those of an earlier report. All texts become
// text nodes: nothing that a report says is read as markup.
(() => {
  const STEP = 100;
  const OPEN = 100;
  const LARGEST = 256 * 1024 * 1024;
  const SCHEMA = "cargo-pipe/report/1";
  const WHERE = ["environment", "platform", "command", "config", "sources"];

  const find = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  // Another report may say anything: characters that reorder or hide text are shown by their codes.
  const visible = (text) => String(text ?? "").replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`,
  );

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = visible(text);
    if (className) made.className = className;
    return made;
  };

  const placeOf = (finding) => {
    if (!finding.path) return "project";
    const column = finding.column ? `:${finding.column}` : "";
    return `${finding.path}:${finding.line}${column}`;
  };

  const labelOf = (names, finding) => {
    const [first, ...others] = names;
    const pythons = others.map((name) => `,${name.split("@")[1]}`);
    const parts = [first + pythons.join(""), finding.code, finding.rule];
    const label = parts.filter((part, at) => part !== parts[at - 1]);
    return label.concat(finding.flaky ? ["flaky"] : []).join(" ");
  };

  // The findings of a report, in the order of their places. One that a check reports on several versions
  // of Python is one finding, with the names of all of these checks.
  const list = (report) => {
    const all = [];
    const known = new Map();
    for (const check of report.checks) {
      const [step, python] = check.name.split("@");
      for (const finding of check.findings) {
        const key = python && `${step} ${JSON.stringify(finding)}`;
        const same = known.get(key);
        if (same) {
          same.names.push(check.name);
          continue;
        }
        const item = { check, names: [check.name], finding, place: placeOf(finding), isNew: false };
        if (key) known.set(key, item);
        all.push(item);
      }
    }
    for (const item of all) {
      const { names, finding, place } = item;
      item.label = labelOf(names, finding);
      const source = (finding.source ?? []).join("");
      item.text = `${place} ${item.label} ${finding.severity} ${finding.message} ${source}`.toLowerCase();
    }
    return all.sort((a, b) =>
      order(a.finding.path, b.finding.path) || a.finding.line - b.finding.line || order(a.label, b.label));
  };

  const page = JSON.parse(find("data").textContent);
  const here = list(page);
  let gone = [];

  // Shows one finding, from the markup that the page has for it.
  const show = ({ check, finding, place, label, isNew }) => {
    const item = find("blank").content.firstElementChild.cloneNode(true);
    const part = (selector) => item.querySelector(selector);
    const fill = (selector, text) => { part(selector).textContent = visible(text); };
    item.className = `finding ${finding.severity}`;
    item.classList.toggle("accepted", !finding.gating);
    item.classList.toggle("new", isNew);
    fill(".severity", finding.severity);
    fill(".message bdi", finding.message);
    fill(".place", place);
    fill(".rule", label);
    if (/^https?:\/\//i.test(finding.url ?? "")) part(".url").href = finding.url;
    else part(".url").remove();
    if (finding.source) {
      const [before, marked, after] = finding.source;
      const mark = element("mark", marked);
      part(".source code").replaceChildren(visible(before), mark, visible(after));
    } else part(".source").remove();
    if (finding.change?.length) {
      part(".change code").replaceChildren(...finding.change.map((line) => element("span", line.text, line.kind)));
    } else part(".change").remove();
    if (typeof finding.related?.[0] === "string") {
      part(".related").replaceChildren(...finding.related.map((at) => element("li", `also at ${at}`)));
    } else part(".related").remove();
    if (typeof finding.fix === "string") fill(".fix bdi", finding.fix);
    else part(".fix").remove();
    return item;
  };

  // Adds items to a container in steps: a button adds the next ones.
  const addInSteps = (container, items, noun, make) => {
    const next = items.splice(0, STEP);
    container.append(...next.map(make));
    if (!items.length) return;
    const button = element("button", `Show ${count(Math.min(STEP, items.length), noun)} of ${number(items.length)} more`);
    button.type = "button";
    button.addEventListener("click", () => {
      button.remove();
      const last = container.lastElementChild;
      addInSteps(container, items, noun, make);
      const first = last.nextElementSibling;
      first.tabIndex = -1;
      (first.querySelector("summary") ?? first).focus();
    });
    container.append(button);
  };

  // A group of findings, whose items are made when it is opened.
  const group = ([name, items], isOpen) => {
    const details = element("details", undefined, "group");
    const summary = element("summary");
    summary.append(element("bdi", name, "name"), element("span", number(items.length), "number"));
    details.append(summary);
    const fill = () => {
      if (!details.open || details.lastElementChild !== summary) return;
      const list = element("ol");
      details.append(list);
      addInSteps(list, [...items], "finding", show);
    };
    details.addEventListener("toggle", fill);
    details.open = isOpen;
    fill();
    return details;
  };

  const names = {
    file: ({ finding }) => finding.path || "project",
    rule: ({ label }) => label,
    package: ({ check }) => check.package ?? "project",
  };

  const groups = (items, by) => {
    const found = new Map();
    for (const item of items) {
      const name = names[by](item);
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(item);
    }
    const byCount = (a, b) => b[1].length - a[1].length || order(a[0], b[0]);
    return [...found].sort(by === "file" ? (a, b) => order(a[0], b[0]) : byCount);
  };

  const chosen = () => {
    const since = find("since").value;
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const check = find("check").value;
    const boxes = document.querySelectorAll("[name=severity]:checked");
    const severities = new Set([...boxes].map((box) => box.value));
    const accepted = find("accepted").checked;
    const all = since === "gone" ? gone : here;
    return [all.length, all.filter((item) =>
      (since !== "new" || item.isNew)
      && (!check || item.names.includes(check))
      && severities.has(item.finding.severity)
      && (accepted || item.finding.gating)
      && words.every((word) => item.text.includes(word)))];
  };

  const update = () => {
    const [all, items] = chosen();
    const of = items.length === all ? "" : `${number(items.length)} of `;
    find("count").textContent = `${of}${count(all, "finding")}`;
    let opened = 0;
    const container = find("list");
    container.replaceChildren();
    addInSteps(container, groups(items, find("group").value), "group", (entry) => {
      const isOpen = opened === 0 || opened + entry[1].length <= OPEN;
      opened += entry[1].length;
      return group(entry, isOpen);
    });
  };

  // Only the last of several events that come together is answered.
  let waiting = 0;
  const updateSoon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(update);
  };

  // Reads a JSON report, or the data of another page, in which `<` is escaped.
  const read = (text) => {
    const start = 'id="data">';
    const at = text.indexOf(start) + start.length;
    const json = /^\s*</.test(text) ? text.slice(at, text.indexOf("<", at)) : text;
    const report = JSON.parse(json);
    if (report?.schema !== SCHEMA || !Array.isArray(report.checks)) throw new Error("not a report");
    return report;
  };

  // Finds new and gone findings. A finding is known by its checks and fingerprint, wherever its lines are.
  const compare = (earlier) => {
    const keys = ({ names, finding }) => names.map((name) => `${name} ${finding.fingerprint}`);
    const [before, now] = [earlier, here].map((items) => new Set(items.flatMap(keys)));
    for (const item of here) item.isNew = keys(item).some((key) => !before.has(key));
    gone = earlier.filter((item) => !keys(item).some((key) => now.has(key)));
  };

  // Names what differs between a check here and in the earlier report.
  const difference = (check, other) => {
    if (!other) return "only in this report";
    if (!check) return "only in the earlier report";
    if (check.fingerprint && check.fingerprint === other.fingerprint) return "nothing";
    if (!check.inputs || !other.inputs) return "unknown";
    return WHERE.filter((name) => check.inputs[name] !== other.inputs[name]).join(", ") || "nothing";
  };

  const tabulate = (earlier) => {
    const table = element("table");
    const head = table.createTHead().insertRow();
    for (const title of ["check", "earlier outcome", "outcome", "inputs that differ"]) {
      const cell = element("th", title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    const all = new Set([...page.checks, ...earlier.checks].map((check) => check.name));
    for (const name of all) {
      const [now, then] = [page, earlier].map((report) => report.checks.find((check) => check.name === name));
      const row = body.insertRow();
      const title = element("th", name);
      title.scope = "row";
      row.append(title, element("td", then?.outcome), element("td", now?.outcome), element("td", difference(now, then)));
    }
    const wide = element("div", undefined, "wide");
    wide.append(table);
    return wide;
  };

  const open = async (file) => {
    const answer = find("comparison");
    try {
      if (file.size > LARGEST) throw new Error("too large");
      const earlier = read(await file.text());
      compare(list(earlier));
      const isNew = here.filter((item) => item.isNew).length;
      const text = `Compared with ${file.name}: ${number(isNew)} new, ${number(gone.length)} gone, `
        + `${number(here.length - isNew)} in both.`;
      answer.replaceChildren(element("p", text), tabulate(earlier));
      const leftOut = (page.left_out ?? 0) + (earlier.left_out ?? 0);
      if (leftOut) {
        const warning = `${count(leftOut, "finding")} did not fit on a page, so some may wrongly be new or gone.`;
        answer.append(element("p", warning, "left-out"));
      }
      find("since-label").hidden = false;
      find("since").value = isNew ? "new" : "all";
      update();
    } catch (error) {
      const text = `${file.name} is not a report of cargo pipe (${error.message}). Choose what --report json=PATH or `
        + "--report html=PATH wrote.";
      answer.replaceChildren(element("p", text, "left-out"));
    }
  };

  const watchFiles = () => {
    const section = find("earlier");
    const hold = (event, isOver) => {
      event.preventDefault();
      section.classList.toggle("over", isOver);
    };
    find("file").addEventListener("change", ({ target }) => target.files[0] && open(target.files[0]));
    document.addEventListener("dragover", (event) => hold(event, true));
    document.addEventListener("dragleave", (event) => hold(event, false));
    document.addEventListener("drop", (event) => {
      hold(event, false);
      const [file] = event.dataTransfer.files;
      if (file) open(file);
    });
  };

  const begin = () => {
    for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
    for (const { name } of page.checks) find("check").append(element("option", name));
    if (page.checks.some((check) => check.package)) find("group").append(element("option", "package"));
    find("accepted-label").hidden = here.every(({ finding }) => finding.gating);
    const form = document.querySelector(".filters");
    form.addEventListener("input", updateSoon);
    form.addEventListener("submit", (event) => event.preventDefault());
    watchFiles();
    update();
  };

  begin();
})();
