"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const [spec, state, findings, maps, file, text] =
    ["spec", "state", "findings", "maps", "file", "text"].map(by);
  const examples = JSON.parse(by("examples").textContent);

  // The module is compiled once. After a fault of its own it is started anew.
  const bytes = Uint8Array.from(atob(by("module").textContent), (c) => c.charCodeAt(0));
  const compiled = WebAssembly.compile(bytes);
  let running = null;
  const ask = async (request) => {
    running ??= (await WebAssembly.instantiate(await compiled)).exports;
    const { memory, room, ask: answer, reply } = running;
    const question = new TextEncoder().encode(JSON.stringify(request));
    try {
      const at = room(question.length);
      new Uint8Array(memory.buffer, at, question.length).set(question);
      const length = answer();
      return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, reply(), length)));
    } catch (error) {
      running = null;
      throw error;
    }
  };

  const wanted = { language: "rust", path: "src/messages.rs" };
  const make = (tag, words, ...children) => {
    const element = document.createElement(tag);
    if (words) element.textContent = words;
    element.append(...children);
    return element;
  };
  const goTo = (line, column) => {
    const before = spec.value.split("\n").slice(0, line - 1);
    const at = before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    spec.focus();
    spec.setSelectionRange(at, at);
    spec.scrollTop = (line - 5) * parseFloat(getComputedStyle(spec).lineHeight);
  };
  const entry = (finding) => {
    const item = make("li", "", make("b", `${finding.severity}[${finding.rule}] `));
    item.append(finding.message, " ");
    if (finding.line && finding.file === "my.yaml") {
      const place = make("button", `line ${finding.line}, column ${finding.column}`);
      place.type = "button";
      place.addEventListener("click", () => goTo(finding.line, finding.column));
      item.append(place);
    }
    for (const more of [finding.expected && `expected: ${finding.expected}`, finding.help]) {
      if (more) item.append(make("p", more));
    }
    return item;
  };
  const list = (generated) => {
    file.replaceChildren(...generated.map(({ language, title, paths }) => {
      const group = make("optgroup");
      group.label = title;
      for (const path of paths) {
        const option = make("option", path);
        option.value = JSON.stringify({ language, path });
        option.selected = language === wanted.language && path === wanted.path;
        group.append(option);
      }
      return group;
    }));
  };

  // What is typed while an answer is made is answered after it.
  let number = 0;
  const update = async () => {
    const mine = ++number;
    const request = { path: "my.yaml", files: { ...examples, "my.yaml": spec.value }, wanted };
    let answer;
    try {
      answer = await ask(request);
    } catch (error) {
      state.textContent = `The playground failed: ${error}`;
      return;
    }
    if (mine !== number) return;
    const found = answer.findings ?? [];
    findings.replaceChildren(...found.map(entry));
    const errors = found.filter((finding) => finding.severity === "error").length;
    const count = `${errors} error${errors === 1 ? "" : "s"}`;
    state.textContent = answer.failure ?? (errors ? `${count}: the last good state stays` : "Fine");
    if (answer.maps === null || answer.failure) return;
    // The renderer escapes every text of the spec.
    maps.innerHTML = answer.maps;
    list(answer.generated);
    text.textContent = answer.code ?? "This spec has no such file.";
  };
  let timer = 0;
  spec.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, 150);
  });
  file.addEventListener("change", () => {
    Object.assign(wanted, JSON.parse(file.value));
    update();
  });

  const example = by("example");
  example.append(...Object.keys(examples).filter((name) => name !== "common.yaml")
    .map((name) => make("option", name)));
  const open = () => {
    spec.value = examples[example.value];
    update();
  };
  example.addEventListener("change", open);
  example.value = "telemetry.yaml";

  // One tab is open, and the arrow keys open the other one.
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (chosen) => tabs.forEach((tab) => {
    tab.ariaSelected = String(tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
    by(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  });
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[(at + 1) % tabs.length];
      choose(other);
      other.focus();
    });
  });
  choose(tabs[0]);
  open();
})();
