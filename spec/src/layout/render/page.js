"use strict";
(() => {
  const detail = document.getElementById("detail");
  const theme = document.getElementById("theme");
  const query = document.getElementById("query");
  const found = document.getElementById("found");

  // The details of a cell are those of the same part in the table behind its byte map.
  const rowOf = (cell) => {
    const table = cell.closest("table").nextElementSibling;
    return table.tBodies[0].rows[Number(cell.dataset.part)];
  };
  const line = (text, tag) => {
    const p = document.createElement("p");
    p.append(tag ? Object.assign(document.createElement(tag), { textContent: text }) : text);
    return p;
  };
  let shown = null;
  const hide = () => {
    if (shown) shown.removeAttribute("aria-describedby");
    document.querySelectorAll(".map .lit").forEach((cell) => cell.classList.remove("lit"));
    detail.hidden = true;
    shown = null;
  };
  const show = (cell) => {
    if (cell === shown) return;
    hide();
    const [offset, size, name, type, meaning] = [...rowOf(cell).cells].map((c) => c.textContent);
    const last = Number(offset) + Number(size) - 1;
    const range = size === "rest" ? `from byte ${offset}` : size === "1" ? `byte ${offset}`
      : `bytes ${offset} to ${last}, ${size} in all`;
    detail.replaceChildren(line(type ? `${name}: ${type}` : name, "b"), line(range));
    if (meaning) detail.append(line(meaning));
    detail.hidden = false;
    place(cell);
    cell.setAttribute("aria-describedby", "detail");
    cell.closest("table").querySelectorAll(`[data-part="${cell.dataset.part}"]`)
      .forEach((other) => other.classList.add("lit"));
    shown = cell;
  };
  // Below the cell, or above it where there is no room.
  const place = (cell) => {
    const at = cell.getBoundingClientRect();
    const own = detail.getBoundingClientRect();
    const right = document.documentElement.clientWidth - own.width - 8;
    const below = at.bottom + 4;
    const fits = below + own.height < window.innerHeight;
    detail.style.left = `${Math.max(8, Math.min(at.left, right))}px`;
    detail.style.top = `${fits ? below : Math.max(8, at.top - own.height - 4)}px`;
  };
  const cellOf = (target) => target instanceof Element && target.closest(".map [data-part]");

  document.addEventListener("mouseover", (event) => {
    const cell = cellOf(event.target);
    if (cell) show(cell);
    else if (!detail.contains(event.target) && shown !== document.activeElement) hide();
  });
  document.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return hide();
    cell.closest("table").querySelectorAll('[tabindex="0"]').forEach((c) => { c.tabIndex = -1; });
    cell.tabIndex = 0;
    show(cell);
  });
  document.addEventListener("scroll", hide, { passive: true });

  // The arrow keys move within a byte map: by cells, and by rows to the cell at the same place.
  const cellsOf = (row) => [...row.querySelectorAll("[data-part]")];
  const neighbour = (cell, key) => {
    const row = cell.parentElement;
    const rows = [...cell.closest("table").rows].filter((r) => cellsOf(r).length);
    const cells = cellsOf(row);
    const at = cells.indexOf(cell);
    if (key === "Home") return cells[0];
    if (key === "End") return cells.at(-1);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step) {
      const all = rows.flatMap(cellsOf);
      return all[all.indexOf(cell) + step];
    }
    const next = rows[rows.indexOf(row) + (key === "ArrowUp" ? -1 : 1)];
    if (!next) return null;
    const left = cell.getBoundingClientRect().left;
    const starts = (c) => c.getBoundingClientRect().left <= left + 1;
    return cellsOf(next).filter(starts).at(-1) ?? cellsOf(next)[0];
  };
  const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const cell = cellOf(event.target);
    if (cell && moves.includes(event.key)) {
      event.preventDefault();
      neighbour(cell, event.key)?.focus();
    }
    const writes = event.target.closest?.("input, textarea");
    if (event.key === "/" && query && !writes && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      query.focus();
    }
  });

  // Colours: the system's, or what was chosen here before.
  const store = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("bitrpc-colors");
      localStorage.setItem("bitrpc-colors", value);
    } catch { /* A browser may forbid it; then the choice holds for this visit. */ }
    return null;
  };
  const schemes = ["system", "light", "dark"];
  const paint = (scheme) => {
    document.documentElement.dataset.colors = scheme;
    if (theme) theme.textContent = `Colours: ${scheme}`;
  };
  paint(schemes.includes(store()) ? store() : "system");
  theme?.addEventListener("click", () => {
    const now = schemes.indexOf(document.documentElement.dataset.colors);
    const next = schemes[(now + 1) % schemes.length];
    paint(next);
    store(next);
  });

  // The search leaves the items that have all words, and marks the rows that have one.
  const items = [...document.querySelectorAll("main .item")];
  const texts = new Map();
  const textOf = (element) => {
    if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase());
    return texts.get(element);
  };
  const entries = new Map([...document.querySelectorAll("nav [data-of]")]
    .map((entry) => [entry.dataset.of, entry]));
  const search = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    document.querySelectorAll(".list .hit").forEach((row) => row.classList.remove("hit"));
    for (const item of items) {
      const hit = words.every((word) => textOf(item).includes(word));
      item.hidden = !hit;
      const entry = entries.get(item.id);
      if (entry) entry.hidden = !hit;
      count += hit ? 1 : 0;
      if (!hit || !words.length) continue;
      for (const row of item.querySelectorAll(".list tbody tr")) {
        if (words.some((word) => textOf(row).includes(word))) row.classList.add("hit");
      }
    }
    for (const group of document.querySelectorAll("main .group")) {
      const inside = [...group.querySelectorAll(".item")];
      group.hidden = words.length > 0 && inside.every((item) => item.hidden);
    }
    found.textContent = words.length ? `${count} of ${items.length} shown` : "";
  };
  let waiting = 0;
  query?.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(search);
  });
  const form = query?.form;
  if (form) {
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  // A link to what the search has hidden ends the search. What is not in the window has no height
  // of its own yet, so that a jump may end beside its target: the next frames know better.
  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (query && target.closest("[hidden]")) {
      query.value = "";
      search();
    }
    const scroll = (times) => {
      target.scrollIntoView();
      if (times > 1) requestAnimationFrame(() => scroll(times - 1));
    };
    scroll(3);
  };
  window.addEventListener("hashchange", arrive);
  arrive();
})();
