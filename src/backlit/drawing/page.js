"use strict";
(() => {
  const main = document.querySelector("main");
  const details = document.getElementById("details");
  main.replaceChildren(document.querySelector("template").content.cloneNode(true));
  const svg = main.querySelector("svg");
  const all = (selector, within = svg) => [...within.querySelectorAll(selector)];

  // Collapsing. Everything was placed with all groups open. Where a group is closed, the strips of x and of y that
  // nothing visible stands in are taken out: one monotone map for x and one for y, so that nothing comes to overlap.
  const groups = all(".group");
  const closable = groups.filter((group) => group.querySelector(":scope > .inside"));
  const insides = new Map(groups.map((group) => [group, new Set(all(".node", group).map((node) => node.dataset.name))]));
  const down = "down" in svg.dataset;
  const [X, Y] = [0, 1];
  const leaves = all("text, circle, rect, path").map((leaf) => {
    const box = leaf.getBBox();
    const kept = {};
    for (const name of ["x", "y", "cx", "cy", "width", "height", "d"])
      if (leaf.hasAttribute(name)) kept[name] = name === "d" ? leaf.getAttribute(name) : +leaf.getAttribute(name);
    return { leaf, kept, spans: [[box.x, box.x + box.width], [box.y, box.y + box.height]], frame: leaf.matches(".frame, .paper") };
  });
  const partOf = new Map(leaves.map((part) => [part.leaf, part]));
  // Words are measured at their natural size: in a small picture a browser rounds them.
  svg.classList.add("measured");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("tabindex", "0");
  main.classList.add("live");
  document.querySelector("nav").hidden = false;
  const around = new Map();
  for (const part of leaves) if (part.leaf.matches(".frame")) around.set(part.leaf.parentNode, part.spans);

  const hiddenBy = (leaf) => {
    const owner = leaf.parentNode.closest(".inside");
    for (let group = owner && owner.parentNode; group; group = group.parentNode.closest(".group"))
      if (group.classList.contains("collapsed")) return true;
    const parent = leaf.parentNode;
    if (leaf.matches(".title")) return parent.classList.contains("collapsed");
    return leaf.matches(".summary") && !parent.classList.contains("collapsed");
  };
  const numbers = (d) => [...d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map((found) => [+found[1], +found[2]]);
  const union = (spans) => {
    const merged = [];
    for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
      const last = merged[merged.length - 1];
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    return merged;
  };

  function squeeze(axis) {
    const margin = axis === X ? 12 : 7;
    const kept = [];
    for (const part of leaves) {
      if (part.frame || hiddenBy(part.leaf)) continue;
      if (part.kept.d === undefined) {
        kept.push([part.spans[axis][0] - margin, part.spans[axis][1] + margin]);
      } else if (part.leaf.matches(".line")) {
        const points = numbers(part.kept.d);
        for (const point of [points[0], points[points.length - 1]]) kept.push([point[axis] - 8, point[axis] + 8]);
        if (axis === Y) for (const point of points) kept.push([point[Y] - 5, point[Y] + 5]);
      }
    }
    const closed = closable.filter((group) => group.classList.contains("collapsed") && !hiddenBy(group));
    const gone = [];
    const visible = union(kept);
    for (const [from, to] of union(closed.map((group) => [...around.get(group)[axis]]))) {
      let at = from;
      for (const [begin, end] of visible) {
        if (end <= at || begin >= to) continue;
        if (begin > at) gone.push([at, begin]);
        at = Math.max(at, end);
      }
      if (at < to) gone.push([at, to]);
    }
    return (value) => gone.reduce((sum, [from, to]) => sum - Math.max(0, Math.min(value, to) - from), value);
  }

  const stretch = (map, from, size) => Math.max(0, map(from + size) - map(from));
  let home = [0, 0, 100, 100];
  let view = [...home];
  const show = () => svg.setAttribute("viewBox", view.join(" "));
  function settle(refit) {
    const maps = [squeeze(X), squeeze(Y)];
    for (const { leaf, kept } of leaves) {
      for (const [name, value] of Object.entries(kept)) {
        if (name === "d") {
          const moved = (_, x, y) => `${maps[X](+x).toFixed(1)},${maps[Y](+y).toFixed(1)}`;
          leaf.setAttribute("d", value.replace(/(-?[\d.]+),(-?[\d.]+)/g, moved));
        } else if (name === "width") leaf.setAttribute(name, stretch(maps[X], kept.x || 0, value));
        else if (name === "height") leaf.setAttribute(name, stretch(maps[Y], kept.y || 0, value));
        else leaf.setAttribute(name, maps[name.endsWith("x") ? X : Y](value));
      }
    }
    for (const group of closable) {
      const closed = group.classList.contains("collapsed");
      group.setAttribute("aria-expanded", String(!closed));
      if (closed) tighten(group, group.querySelector(":scope > .frame"));
    }
    const paper = svg.querySelector(".paper");
    home = [0, 0, +paper.getAttribute("width"), +paper.getAttribute("height")];
    if (refit) begin();
    show();
  }
  // A large drawing begins where it begins, at a size that can be read; a small one is not blown up.
  function begin() {
    const [wide, high] = [main.clientWidth || home[2], main.clientHeight || home[3]];
    const fit = Math.min(wide / home[2], high / home[3]);
    const scale = Math.min(Math.max(fit, 0.75), 1.5);
    const [width, height] = [wide / scale, high / scale];
    view = [width < home[2] && !down ? 0 : (home[2] - width) / 2, height < home[3] && down ? 0 : (home[3] - height) / 2, width, height];
  }
  // The box of a closed group needs to hold its words and the ends of its lines, and no more.
  function tighten(group, frame) {
    const words = all(":scope > .summary", group);
    const bounds = [X, Y].map((axis) => {
      const spans = words.map((word) => {
        const { kept, spans } = partOf.get(word);
        return spans[axis].map((end) => end + (word.getAttribute("xy"[axis]) - kept["xy"[axis]]));
      });
      return [Math.min(...spans.map((span) => span[0])), Math.max(...spans.map((span) => span[1]))];
    });
    const across = down ? X : Y;
    const ends = [...bounds[across]];
    for (const line of all(":scope > .edge > .line, :scope > .exit > .line", group.parentNode)) {
      const points = numbers(line.getAttribute("d"));
      const edge = line.parentNode.dataset;
      if (edge.to === group.dataset.name) ends.push(points[points.length - 1][across]);
      if (insides.get(group).has(edge.from)) ends.push(points[0][across]);
    }
    const low = Math.min(...ends) - 7;
    frame.setAttribute("xy"[across], low);
    frame.setAttribute(["width", "height"][across], Math.max(...ends) + 7 - low);
    for (const axis of [X, Y]) {
      const middle = +frame.getAttribute("xy"[axis]) + frame.getAttribute(["width", "height"][axis]) / 2;
      const shift = middle - (bounds[axis][0] + bounds[axis][1]) / 2;
      for (const word of words) word.setAttribute("xy"[axis], +word.getAttribute("xy"[axis]) + shift);
    }
  }
  // What one clicks at stays where it is.
  function toggle(group) {
    const frame = group.querySelector(":scope > .frame");
    const corner = () => [+frame.getAttribute("x"), +frame.getAttribute("y")];
    const before = corner();
    group.classList.toggle("collapsed");
    settle(false);
    move(corner()[X] - before[X], corner()[Y] - before[Y]);
  }
  for (const group of closable) {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    group.classList.toggle("collapsed", group.dataset.collapsed === "true");
  }
  document.querySelector(".grouping").hidden = !closable.length;
  const every = (collapsed) => {
    for (const group of closable) group.classList.toggle("collapsed", collapsed);
    settle(true);
  };

  // Steps: what comes later than the step that is shown is hidden.
  const counted = all("[data-forward], [data-backward]");
  const stepOf = (item, way) => (item.dataset[way] === undefined ? Infinity : +item.dataset[way]);
  const steps = Math.max(0, ...counted.flatMap((item) => ["forward", "backward"].map((way) => stepOf(item, way))).filter(Number.isFinite));
  let step = steps;
  const output = document.querySelector("output");
  document.querySelector(".stepping").hidden = !steps;
  function reveal(to) {
    step = Math.max(0, Math.min(steps, to));
    for (const item of counted) {
      const [forward, backward] = [stepOf(item, "forward"), stepOf(item, "backward")];
      for (const text of all(":scope > .value", item)) text.classList.toggle("later", forward > step);
      for (const text of all(":scope > .gradient, :scope > .contribution", item))
        text.classList.toggle("later", backward > step);
      item.classList.toggle("now", step < steps && (forward === step || backward === step));
    }
    const now = all(".operation").filter((item) => [stepOf(item, "forward"), stepOf(item, "backward")].includes(step));
    for (const group of closable) group.classList.toggle("now", step < steps && now.some((node) => group.contains(node)));
    const turn = Math.max(0, ...counted.map((item) => (item.matches(".node") ? stepOf(item, "forward") : 0)).filter(Number.isFinite));
    const way = step === 0 ? "inputs" : step <= turn ? "forward" : "backward";
    output.textContent = `step ${step} of ${steps}: ${way}${now.length ? ` (${now[0].dataset.name})` : ""}`;
    document.querySelector("[data-do=back]").disabled = step === 0;
    document.querySelector("[data-do=next]").disabled = step === steps;
  }

  // Zoom and pan.
  function zoom(factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
    const wide = Math.min(Math.max(view[2] * factor, 40), 20 * home[2]);
    const by = wide / view[2];
    view = [x - (x - view[0]) * by, y - (y - view[1]) * by, view[2] * by, view[3] * by];
    show();
  }
  const move = (right, down) => {
    view[0] += right;
    view[1] += down;
    show();
  };
  const place = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  main.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.0015), ...place(event));
  }, { passive: false });
  let held = null;
  let dragged = false;
  main.addEventListener("pointerdown", (event) => {
    held = place(event);
    dragged = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = place(event);
    if (Math.hypot(x - held[0], y - held[1]) * svg.getScreenCTM().a > 4) dragged = true;
    if (dragged) move(held[0] - x, held[1] - y);
  });
  addEventListener("pointerup", () => (held = null));
  const groupAt = (target) => {
    const group = target.closest(".group");
    const itself = group && (target.closest(".group.collapsed") || target.matches(".frame, .title"));
    return itself && closable.includes(group) ? group : null;
  };
  main.addEventListener("click", (event) => {
    const group = dragged ? null : groupAt(event.target);
    if (group) toggle(group);
  });

  // Details.
  for (const title of all("title")) {
    if (title.parentNode === svg) continue;
    title.parentNode.dataset.detail = title.textContent;
    title.remove();
  }
  for (const node of all(".node")) node.setAttribute("tabindex", "0");
  const tell = (event) => {
    const item = event.target.closest && event.target.closest("[data-detail]");
    details.hidden = !item;
    if (item) details.textContent = item.dataset.detail;
  };
  main.addEventListener("pointerover", tell);
  main.addEventListener("focusin", tell);
  main.addEventListener("pointerleave", () => (details.hidden = true));

  const actions = {
    in: () => zoom(1 / 1.25), out: () => zoom(1.25), fit: () => { view = [...home]; show(); },
    close: () => every(true), open: () => every(false),
    first: () => reveal(0), back: () => reveal(step - 1), next: () => reveal(step + 1), last: () => reveal(steps),
  };
  const keys = {
    "+": "in", "=": "in", "-": "out", 0: "fit", c: "close", e: "open", Home: "first", End: "last", p: "back", n: "next",
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  for (const button of document.querySelectorAll("button")) button.addEventListener("click", () => actions[button.dataset.do]());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const group = closable.includes(document.activeElement) ? document.activeElement : null;
    if (keys[event.key]) actions[keys[event.key]]();
    else if (arrows[event.key]) move(arrows[event.key][0] * view[2] * 0.1, arrows[event.key][1] * view[3] * 0.1);
    else if (group && (event.key === "Enter" || event.key === " ")) toggle(group);
    else return;
    event.preventDefault();
  });

  settle(true);
  if (steps) reveal(steps);
})();
