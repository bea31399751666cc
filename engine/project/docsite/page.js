"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const nodes = data.nodes, tests = data.tests;
  const $ = (id) => document.getElementById(id);
  const el = (tag, attrs, ...children) => {
    const e = document.createElement(tag);
    for (const k in attrs || {}) { if (k === "style") e.style.cssText = attrs[k]; else if (attrs[k] !== undefined && attrs[k] !== null) e.setAttribute(k, attrs[k]); }
    for (const c of children.flat()) if (c !== null && c !== undefined && c !== false) e.append(c);
    return e;
  };
  const SVG = "http://www.w3.org/2000/svg";
  const svg = (tag, attrs, ...children) => {
    const e = document.createElementNS(SVG, tag);
    for (const k in attrs || {}) e.setAttribute(k, attrs[k]);
    for (const c of children) e.append(c);
    return e;
  };
  const children = {};
  for (const id in nodes) {
    nodes[id].parents = nodes[id].parents.filter((p) => nodes[p]);
    for (const p of nodes[id].parents) (children[p] = children[p] || []).push(id);
  }

  // A node's type, for its colour and its word.
  const type = (n) => n.kind === "model" || n.kind === "snapshot" || n.kind === "seed" ? (n.mat || n.kind) : n.kind;
  const words = { view: "view", table: "table", incremental: "incremental table", ephemeral: "ephemeral", seed: "seed", snapshot: "snapshot", source: "source",
    model: "trained model", feature_view: "feature view", transformation: "transformation", exposure: "exposure", analysis: "analysis" };
  const word = (t) => words[t] || t;
  const color = (t) => `--c: var(--${words[t] && t !== "analysis" ? t : "ephemeral"})`;
  const dot = (n) => el("span", { class: "dot", style: color(type(n)) });
  const link = (id) => "#/" + encodeURIComponent(id);
  const bad = (s) => s === "error" || s === "fail";

  // Theme: what the system prefers, until somebody says otherwise.
  const prefers = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("eider-theme"); } catch (e) { /* not allowed from a file in some browsers */ }
  const applyTheme = () => { document.documentElement.dataset.theme = chosen || (prefers.matches ? "dark" : "light"); };
  applyTheme();
  prefers.addEventListener("change", applyTheme);
  $("theme").onclick = () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("eider-theme", chosen); } catch (e) { /* it holds for this page then */ }
    applyTheme();
  };

  $("home").textContent = data.project;
  $("about").textContent = `Target ${data.target}, generated ${data.generated} by Eider`;

  // Markdown, the little of it that descriptions use. Text only ever becomes text nodes.
  const inline = (text) => {
    const out = [];
    const re = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\[[^\]]+\]\((https?:[^)\s]+)\))/g;
    let at = 0, m;
    while ((m = re.exec(text))) {
      out.push(text.slice(at, m.index));
      if (m[1]) out.push(el("code", {}, m[1].slice(1, -1)));
      else if (m[2]) out.push(el("b", {}, m[2].slice(2, -2)));
      else out.push(el("a", { href: m[4], rel: "noopener" }, m[3].slice(1, m[3].indexOf("]"))));
      at = re.lastIndex;
    }
    out.push(text.slice(at));
    return out;
  };
  const markdown = (text) => {
    const box = el("div", { class: "desc" });
    for (const block of (text || "").split(/\n\s*\n/)) {
      const lines = block.trim().split("\n");
      if (!block.trim()) continue;
      if (/^#+ /.test(lines[0])) { box.append(el("h2", {}, inline(lines.shift().replace(/^#+ /, "")))); if (!lines.length) continue; }
      if (lines.every((l) => /^\s*[-*] /.test(l))) box.append(el("ul", {}, lines.map((l) => el("li", {}, inline(l.replace(/^\s*[-*] /, ""))))));
      else box.append(el("p", {}, inline(lines.join(" "))));
    }
    return box;
  };

  // Search looks at names first, then columns and tags, descriptions, SQL.
  const haystack = Object.values(nodes).map((n) => ({
    n, name: n.name.toLowerCase(), cols: (n.columns || []).map((c) => c.name).join(" ").toLowerCase() + " " + (n.tags || []).join(" ").toLowerCase(),
    desc: ((n.desc || "") + " " + (n.columns || []).map((c) => c.desc || "").join(" ")).toLowerCase(), sql: (n.raw || "").toLowerCase(),
  }));
  const find = (query) => {
    const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = [];
    for (const h of haystack) {
      let score = 0, where = "";
      for (const t of terms) {
        const s = h.name === t ? 100 : h.name.startsWith(t) ? 60 : h.name.includes(t) ? 40 : h.cols.includes(t) ? 20 : h.desc.includes(t) ? 10 : h.sql.includes(t) ? 5 : -1e6;
        if (s === 20) where = "column or tag"; else if (s === 10) where = "description"; else if (s === 5) where = "SQL";
        score += s;
      }
      if (score > 0) hits.push({ n: h.n, score, where });
    }
    return hits.sort((a, b) => b.score - a.score || a.n.name.localeCompare(b.n.name));
  };
  const item = (n, where) => {
    const a = el("a", { href: link(n.id), title: `${word(type(n))} ${n.name}` }, dot(n), el("span", {}, n.name, where ? el("small", {}, "in " + where) : null));
    if (decodeURIComponent(location.hash.slice(2)) === n.id) a.classList.add("here");
    return a;
  };
  const rank = (g) => g.startsWith("sources") ? 0 : g.startsWith("seeds") ? 1 : g.startsWith("snapshots") ? 3 : g.startsWith("exposures") ? 4 : 2;
  const tree = () => {
    const nav = $("tree"), query = $("search").value.trim();
    nav.replaceChildren();
    if (query) {
      const hits = find(query);
      nav.append(el("h4", {}, `${hits.length} found`), ...hits.slice(0, 200).map((h) => item(h.n, h.where)));
      return;
    }
    const groups = {};
    for (const n of Object.values(nodes)) (groups[n.group] = groups[n.group] || []).push(n);
    for (const g of Object.keys(groups).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)))
      nav.append(el("h4", {}, g.replaceAll("/", " / ")), ...groups[g].sort((a, b) => a.name.localeCompare(b.name)).map((n) => item(n)));
  };
  $("search").oninput = tree;
  $("search").onkeydown = (e) => {
    if (e.key === "Enter") { const first = find($("search").value.trim())[0]; if (first) location.hash = link(first.n.id); }
    if (e.key === "Escape") { $("search").value = ""; tree(); }
  };
  document.addEventListener("keydown", (e) => { if (e.key === "/" && document.activeElement !== $("search")) { e.preventDefault(); $("search").focus(); } });

  // Colours of SQL with Jinja in it.
  const keywords = new Set(("select from where group by order having limit with as join left right inner outer full cross asof on using union all except intersect distinct case when then else end and or not in is null like between exists " +
    "create replace table view insert into values update delete merge over partition window rows range filter qualify train model target split time holdout gap tune deploy feature entity event available ttl windows last point of transformation fit source transform interval " +
    "exclude cast true false desc asc pivot unpivot lateral recursive set days day hours hour trials by").split(" "));
  const highlight = (text) => {
    const pre = el("pre"), code = el("code"); pre.append(code);
    const re = /(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})|(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|("(?:[^"]|"")*")|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][A-Za-z_0-9]*)/g;
    let at = 0, m;
    const put = (cls, s) => code.append(cls ? el("span", { class: cls }, s) : s);
    while ((m = re.exec(text))) {
      put("", text.slice(at, m.index));
      put(m[1] ? "j" : m[2] ? "c" : m[3] ? "s" : m[5] ? "n" : m[6] && keywords.has(m[6].toLowerCase()) ? "k" : "", m[0]);
      at = re.lastIndex;
    }
    put("", text.slice(at));
    return pre;
  };

  // The layered drawing: columns by longest path, order by barycentres, long edges through bends of their own.
  const layout = (ids) => {
    const inside = new Set(ids), layer = {};
    const depth = (id, path) => {
      if (layer[id] !== undefined) return layer[id];
      if (path.has(id)) return 0;
      path.add(id);
      let d = 0;
      for (const p of nodes[id].parents) if (inside.has(p)) d = Math.max(d, depth(p, path) + 1);
      path.delete(id);
      return (layer[id] = d);
    };
    ids.forEach((id) => depth(id, new Set()));
    // What has no parents stands right before what first reads it.
    for (const id of ids) {
      if (nodes[id].parents.some((p) => inside.has(p))) continue;
      const next = (children[id] || []).filter((c) => inside.has(c)).map((c) => layer[c]);
      if (next.length) layer[id] = Math.max(0, Math.min(...next) - 1);
    }
    const columns = [], up = {}, down = {}, chains = [];
    const put = (id, l) => { (columns[l] = columns[l] || []).push(id); up[id] = []; down[id] = []; };
    ids.forEach((id) => put(id, layer[id]));
    let bends = 0;
    for (const id of ids) for (const p of nodes[id].parents) {
      if (!inside.has(p)) continue;
      const chain = [p];
      for (let l = layer[p] + 1; l < layer[id]; l++) { const b = "\u0000" + bends++; put(b, l); chain.push(b); }
      chain.push(id);
      for (let i = 1; i < chain.length; i++) { up[chain[i]].push(chain[i - 1]); down[chain[i - 1]].push(chain[i]); }
      chains.push(chain);
    }
    for (let l = 0; l < columns.length; l++) columns[l] = columns[l] || [];
    const place = {};
    const renumber = () => columns.forEach((c) => c.forEach((id, i) => { place[id] = i; }));
    renumber();
    const mean = (list, otherwise) => list.length ? list.reduce((s, x) => s + place[x], 0) / list.length : otherwise;
    for (let sweep = 0; sweep < 24; sweep++) {
      const forth = sweep % 2 === 0, order = forth ? columns : [...columns].reverse();
      for (const c of order) {
        const key = {};
        c.forEach((id) => { key[id] = mean(forth ? up[id] : down[id], place[id]); });
        c.sort((a, b) => key[a] - key[b] || place[a] - place[b]);
        c.forEach((id, i) => { place[id] = i; });
      }
    }
    // Heights: each wants to stand at the mean of its neighbours, none nearer to another than a row.
    const row = 40, thin = 18, y = {};
    const gap = (a, b) => (a[0] === "\u0000" && b[0] === "\u0000") ? thin : (a[0] === "\u0000" || b[0] === "\u0000") ? (row + thin) / 2 : row;
    columns.forEach((c) => { let at = 0; c.forEach((id, i) => { if (i) at += gap(c[i - 1], id); y[id] = at; }); const half = at / 2; c.forEach((id) => { y[id] -= half; }); });
    const settle = (c, want) => {
      // Pool neighbours that would overlap, as in isotonic regression.
      const offset = []; let o = 0;
      c.forEach((id, i) => { if (i) o += gap(c[i - 1], id); offset.push(o); });
      const pools = [];
      c.forEach((id, i) => {
        pools.push({ sum: want[id] - offset[i], n: 1 });
        while (pools.length > 1 && pools[pools.length - 2].sum / pools[pools.length - 2].n > pools[pools.length - 1].sum / pools[pools.length - 1].n) {
          const last = pools.pop(); pools[pools.length - 1].sum += last.sum; pools[pools.length - 1].n += last.n;
        }
      });
      let i = 0;
      for (const p of pools) for (let k = 0; k < p.n; k++, i++) y[c[i]] = p.sum / p.n + offset[i];
    };
    for (let sweep = 0; sweep < 16; sweep++) {
      const order = sweep % 2 === 0 ? columns : [...columns].reverse();
      for (const c of order) {
        const want = {};
        c.forEach((id) => { const near = sweep < 12 ? (sweep % 2 === 0 ? up[id] : down[id]) : up[id].concat(down[id]); want[id] = near.length ? near.reduce((s, x) => s + y[x], 0) / near.length : y[id]; });
        settle(c, want);
      }
    }
    const measure = (name) => Math.min(230, Math.max(84, name.length * 7.1 + 26));
    const widths = columns.map((c) => Math.max(20, ...c.filter((id) => nodes[id]).map((id) => measure(nodes[id].name))));
    const x = []; let at = 0;
    widths.forEach((w, i) => { x[i] = at; at += w + Math.min(90, 46 + 3 * columns[i].length); });
    const ys = Object.values(y), top = Math.min(...ys), bottom = Math.max(...ys);
    return { columns, chains, x, y, widths, width: at - 46, top: top - row / 2, height: bottom - top + row, measure };
  };

  const graph = (ids, self, tall) => {
    const box = el("div", { class: "graph" + (tall ? " tall" : "") });
    if (!ids.length) return box;
    const g = layout(ids);
    if (!tall) box.style.height = Math.round(Math.min(640, Math.max(170, g.height + 70))) + "px";
    const root = svg("svg", { role: "img", "aria-label": "lineage" }), world = svg("g");
    root.append(world);
    const column = {};
    g.columns.forEach((c, l) => c.forEach((id) => { column[id] = l; }));
    const edges = [], drawn = {};
    for (const chain of g.chains) {
      const from = chain[0], to = chain[chain.length - 1];
      // A smooth line through the bends: each is passed at the slope between its neighbours.
      const points = [[g.x[column[from]] + g.measure(nodes[from].name), g.y[from]]];
      for (const id of chain.slice(1, -1)) points.push([g.x[column[id]] + g.widths[column[id]] / 2, g.y[id]]);
      points.push([g.x[column[to]], g.y[to]]);
      const slope = points.map((p, i) => i === 0 || i === points.length - 1 ? 0 : (points[i + 1][1] - points[i - 1][1]) / (points[i + 1][0] - points[i - 1][0]));
      let d = `M${points[0]}`;
      for (let i = 1; i < points.length; i++) {
        const [ax, ay] = points[i - 1], [bx, by] = points[i], h = (bx - ax) / (points.length > 2 ? 2.4 : 2);
        d += ` C${ax + h},${ay + h * slope[i - 1]} ${bx - h},${by - h * slope[i]} ${bx},${by}`;
      }
      const path = svg("path", { class: "edge", d });
      edges.push({ from, to, path });
      world.append(path);
    }
    for (const id of ids) {
      const n = nodes[id], w = g.measure(n.name), most = Math.floor((w - 24) / 6.9);
      const label = n.name.length > most ? n.name.slice(0, most - 1) + "…" : n.name;
      const text = svg("text", { x: 14, y: 4.5 }); text.textContent = label;
      const title = svg("title"); title.textContent = `${word(type(n))} ${n.name}` + (n.desc ? "\n" + n.desc.slice(0, 200) : "");
      const node = svg("g", { class: "node" + (id === self ? " self" : "") + (bad(n.status) ? " bad" : ""), transform: `translate(${g.x[column[id]]},${g.y[id]})`, style: color(type(n)), tabindex: 0 },
        svg("rect", { y: -14, width: w, height: 28, rx: 7 }), svg("rect", { class: "bar", y: -14, width: 6, height: 28, rx: 3 }), text, title);
      const related = new Set([id]);
      const walk = (start, next) => { for (const x of next(start)) if (!related.has(x)) { related.add(x); walk(x, next); } };
      node.addEventListener("pointerenter", () => {
        walk(id, (i) => nodes[i].parents);
        const above = new Set(related); related.clear(); related.add(id);
        walk(id, (i) => children[i] || []);
        const below = new Set(related);
        root.classList.add("lit");
        for (const o in drawn) drawn[o].classList.toggle("on", above.has(o) || below.has(o));
        for (const e of edges) e.path.classList.toggle("on", (above.has(e.from) && above.has(e.to)) || (below.has(e.from) && below.has(e.to)));
      });
      node.addEventListener("pointerleave", () => root.classList.remove("lit"));
      node.addEventListener("keydown", (e) => { if (e.key === "Enter") location.hash = link(id); });
      drawn[id] = node;
      world.append(node);
    }
    // Dragging moves, the wheel zooms at the pointer, a click without a drag opens the node.
    let view = { x: 0, y: 0, k: 1 }, press = null;
    const show = () => world.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.k})`);
    const fit = () => {
      const r = box.getBoundingClientRect(), pad = 26;
      const k = Math.min(1.15, (r.width - 2 * pad) / g.width, (r.height - 2 * pad) / g.height);
      view = { k, x: (r.width - g.width * k) / 2, y: (r.height - g.height * k) / 2 - g.top * k };
      show();
    };
    const zoom = (f, cx, cy) => { const k = Math.min(3, Math.max(0.08, view.k * f)); view = { k, x: cx - (cx - view.x) * k / view.k, y: cy - (cy - view.y) * k / view.k }; show(); };
    const middle = (f) => { const r = box.getBoundingClientRect(); zoom(f, r.width / 2, r.height / 2); };
    box.addEventListener("wheel", (e) => { if (!e.ctrlKey && !e.metaKey && !tall) return; e.preventDefault(); const r = box.getBoundingClientRect(); zoom(Math.exp(-e.deltaY / 500), e.clientX - r.left, e.clientY - r.top); }, { passive: false });
    box.addEventListener("pointerdown", (e) => { if (e.target.closest(".zoom")) return; const n = e.target.closest(".node"); press = { x: e.clientX, y: e.clientY, vx: view.x, vy: view.y, id: n && Object.keys(drawn).find((i) => drawn[i] === n) }; });
    box.addEventListener("pointermove", (e) => { if (!press) return; view.x = press.vx + e.clientX - press.x; view.y = press.vy + e.clientY - press.y; show(); });
    box.addEventListener("pointerup", (e) => { if (press && press.id && Math.hypot(e.clientX - press.x, e.clientY - press.y) < 4) location.hash = link(press.id); press = null; });
    box.addEventListener("pointerleave", () => { press = null; });
    const button = (label, title, f) => { const b = el("button", { title, "aria-label": title }, label); b.onclick = f; return b; };
    box.append(root, el("div", { class: "zoom" }, button("+", "zoom in", () => middle(1.3)), button("−", "zoom out", () => middle(1 / 1.3)), button("⤢", "show all", fit)));
    new ResizeObserver(fit).observe(box);
    return box;
  };
  const legend = (ids) => {
    const seen = [...new Set(ids.map((id) => type(nodes[id])))];
    const order = Object.keys(words);
    seen.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    return el("div", { class: "legend" }, seen.map((t) => el("span", {}, el("span", { class: "dot", style: color(t) }), word(t))));
  };
  const reach = (id, next, out) => { for (const x of next(id)) if (!out.has(x)) { out.add(x); reach(x, next, out); } return out; };

  const badge = (id) => { const t = tests[id]; return t && el("span", { class: "t " + (t.status || ""), title: t.message || t.status || "not run yet" }, t.name); };
  const number = (x) => Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : Number(x.toPrecision(4)).toString();
  const bars = (title, rows, note) => {
    const most = Math.max(...rows.map((r) => Math.max(Math.abs(r.value), Math.abs(r.baseline || 0)))) || 1;
    return el("div", { class: "card bars" }, el("h3", {}, title), rows.map((r) => el("div", { class: "barrow" }, el("span", { title: r.name }, r.name),
      el("i", {}, el("b", { style: `width:${100 * Math.abs(r.value) / most}%` }), r.baseline !== null && r.baseline !== undefined ? el("u", { style: `left:${100 * Math.abs(r.baseline) / most}%`, title: "baseline " + number(r.baseline) }) : null),
      el("span", {}, number(r.value)))), note ? el("div", { class: "sub" }, note) : null);
  };
  const between01 = new Set(["auc", "pr_auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "brier", "ece", "log_loss", "mcc", "r2", "mape"]);

  const home = (main) => {
    const all = Object.values(nodes), count = {};
    all.forEach((n) => { const t = type(n); count[t] = (count[t] || 0) + 1; });
    const testList = Object.values(tests), failing = testList.filter((t) => bad(t.status)).length;
    main.append(el("h1", {}, data.project));
    const counts = el("div", { class: "counts" });
    for (const t of Object.keys(words)) if (count[t]) counts.append(el("div", {}, el("b", {}, String(count[t])), word(t) + (count[t] === 1 ? "" : "s")));
    if (testList.length) counts.append(el("div", {}, el("b", {}, String(testList.length)), failing ? `tests, ${failing} failing` : testList.some((t) => t.status) ? "tests, none failing" : "tests"));
    main.append(counts);
    if (data.overview) main.append(markdown(data.overview));
    const ids = all.filter((n) => n.kind !== "analysis").map((n) => n.id).sort();
    main.append(el("h2", {}, "Lineage"), el("div", { class: "card" }, graph(ids, null, true), legend(ids)));
  };

  const page = (main, n) => {
    main.append(el("h1", {}, n.name));
    main.append(el("div", { class: "sub" }, n.relation ? el("code", {}, n.relation) : null, n.relation ? " in " : "", n.file));
    const chips = el("div", { class: "chips" }, el("span", { class: "chip" }, dot(n), word(type(n))));
    if (n.pkg !== data.project) chips.append(el("span", { class: "chip" }, "package " + n.pkg));
    if (n.status) chips.append(el("span", { class: "chip " + (bad(n.status) ? "bad" : n.status === "skipped" ? "warn" : "ok") }, `last run: ${n.status}` + (n.seconds ? ` in ${n.seconds.toFixed(2)} s` : "")));
    if (n.owner) chips.append(el("span", { class: "chip" }, "owner " + n.owner));
    if (n.url && /^https?:/.test(n.url)) chips.append(el("a", { class: "chip", href: n.url, rel: "noopener" }, n.url));
    for (const t of n.tags || []) chips.append(el("span", { class: "chip" }, "#" + t));
    main.append(chips);
    if (n.desc) main.append(markdown(n.desc));
    if (n.message && (bad(n.status) || n.status === "skipped")) main.append(el("div", { class: "card" }, el("pre", {}, n.message)));
    if (n.trained) {
      const t = n.trained;
      main.append(el("h2", {}, `Version ${t.version}, ${t.algorithm}`), el("div", { class: "figures" },
        t.metrics.length ? bars("On the holdout", t.metrics.filter((m) => between01.has(m.name)).length ? t.metrics.filter((m) => between01.has(m.name)) : t.metrics, "The mark is the baseline: the best guess without features.") : null,
        t.features.length ? bars("What matters most", t.features.map((f) => ({ name: f.feature, value: f.value }))) : null));
    }
    const around = new Set([n.id]);
    reach(n.id, (i) => nodes[i].parents, around);
    reach(n.id, (i) => children[i] || [], around);
    if (around.size > 1) main.append(el("h2", {}, "Lineage"), el("div", { class: "card" }, graph([...around].sort(), n.id, false), legend([...around])));
    const list = (title, ids) => { if (ids.length) main.append(el("h2", {}, title), el("div", { class: "chips" }, ids.map((i) => el("a", { class: "chip", href: link(i) }, dot(nodes[i]), nodes[i].name)))); };
    list("Reads", n.parents);
    list("Read by", children[n.id] || []);
    if ((n.columns || []).length) {
      const body = el("tbody");
      for (const c of n.columns) {
        const ids = new Set(c.tests || []);
        (n.tests || []).forEach((i) => { if (tests[i].column && tests[i].column.toLowerCase() === c.name.toLowerCase()) ids.add(i); });
        body.append(el("tr", {}, el("td", {}, el("code", {}, c.name)), el("td", { class: "type" }, c.type || ""), el("td", {}, inline(c.desc || "")), el("td", {}, el("div", { class: "tests" }, [...ids].map(badge)))));
      }
      main.append(el("h2", {}, `Columns (${n.columns.length})`), el("div", { class: "card" }, el("table", {}, el("thead", {}, el("tr", {}, ["Name", "Type", "Description", "Tests"].map((h) => el("th", {}, h)))), body)));
    }
    const others = (n.tests || []).filter((i) => !tests[i].column);
    if (others.length) main.append(el("h2", {}, "Tests"), el("div", { class: "tests" }, others.map(badge)));
    if (n.raw || n.compiled) {
      const box = el("div", { class: "card sql" }), tabs = el("div", { class: "tabs", role: "tablist" }), body = el("div");
      let shown = "";
      const tab = (name, text) => {
        if (!text) return;
        const b = el("button", { role: "tab" }, name);
        b.onclick = () => { [...tabs.querySelectorAll("[role=tab]")].forEach((x) => x.setAttribute("aria-selected", x === b)); shown = text; body.replaceChildren(highlight(text)); };
        tabs.append(b);
      };
      tab("As written", n.raw); tab("Compiled", n.compiled);
      const copy = el("button", { class: "copy" }, "Copy");
      copy.onclick = () => navigator.clipboard && navigator.clipboard.writeText(shown).then(() => { copy.textContent = "Copied"; setTimeout(() => { copy.textContent = "Copy"; }, 1200); });
      tabs.append(copy);
      box.append(tabs, body);
      main.append(el("h2", {}, "SQL"), box);
      tabs.querySelector("[role=tab]").click();
    }
  };

  const route = () => {
    const id = decodeURIComponent(location.hash.slice(2)), main = $("main");
    main.replaceChildren();
    document.title = (nodes[id] ? nodes[id].name + " · " : "") + data.project;
    if (nodes[id]) page(main, nodes[id]); else home(main);
    tree();
    window.scrollTo(0, 0);
  };
  window.addEventListener("hashchange", route);
  route();
})();
