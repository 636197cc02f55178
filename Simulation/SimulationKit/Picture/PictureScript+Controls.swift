extension PictureScript {
    /// Mouse, keys, filters and the list of events.
    static let controls = #"""
        const tip = document.getElementById("tip");
        const escape_ = text => text.replace(/[&<>]/g, c => ({ "&": "&amp;", "<": "&lt;",
          ">": "&gt;" }[c]));

        function legend(note) {
          const parts = data.states.map((name, i) =>
            `<span><i class=swatch style="background:${stateColors[i]}"></i> ${name}</span>`);
          if (data.clients) for (const i of [1, 2, 3]) parts.push(
            `<span><i class=swatch style="background:${resultColors[i]}"></i> `
              + `${data.results[i]}</span>`);
          document.getElementById("legend").innerHTML =
            (note ? `<b>${note}</b>` : "") + parts.join("");
        }

        function show(from, to) {
          let span = Math.min(Math.max(to - from, 200), limit.to - limit.from);
          from = Math.min(Math.max(from, limit.from), limit.to - span);
          view.from = from; view.to = from + span;
          hover = null; tip.hidden = true;
          draw();
        }
        function zoom(factor, at) {
          const t = at === undefined ? (view.from + view.to) / 2 : time(at);
          show(t - (t - view.from) * factor, t + (view.to - t) * factor);
        }

        function describe(m) {
          const [t, from, to, kind, lasts, fate, text] = m;
          return `<b>${data.kinds[kind]}</b> n${from + 1} → n${to + 1}\n`
            + escape_(data.texts[text]) + `\n<span class=dim>${seconds(t, 1)}, `
            + `${data.fates[fate]} after ${lasting(lasts)}</span>`;
        }
        function distance([x1, y1, x2, y2], px, py) {
          const dx = x2 - x1, dy = y2 - y1;
          const part = Math.max(0, Math.min(1,
            ((px - x1) * dx + (py - y1) * dy) / (dx * dx + dy * dy || 1)));
          return Math.hypot(px - x1 - part * dx, py - y1 - part * dy);
        }
        function find(px, py) {
          let best = null, nearest = 6;
          for (const hit of hits) {
            if (!hit.line) {
              if (px >= hit.left - 1 && px <= hit.right + 1 && py >= hit.top && py <= hit.bottom)
                best = hit;
              continue;
            }
            const away = distance(hit.line, px, py);
            if (away < nearest) { nearest = away; best = hit; }
          }
          return best;
        }

        let drag = null;
        canvas.addEventListener("wheel", event => {
          event.preventDefault();
          if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            const step = event.deltaX / (width - gutter) * (view.to - view.from);
            show(view.from + step, view.to + step);
          } else zoom(Math.pow(1.0018, event.deltaY), event.offsetX);
        }, { passive: false });
        canvas.addEventListener("pointerdown", event => {
          drag = { px: event.offsetX, from: view.from, to: view.to };
          canvas.setPointerCapture(event.pointerId);
          canvas.classList.add("dragging");
        });
        canvas.addEventListener("pointerup", () => {
          drag = null;
          canvas.classList.remove("dragging");
        });
        canvas.addEventListener("pointermove", event => {
          if (drag) {
            const step = (drag.px - event.offsetX) / (width - gutter) * (drag.to - drag.from);
            return show(drag.from + step, drag.to + step);
          }
          const found = find(event.offsetX, event.offsetY);
          if (found !== hover) { hover = found; draw(); hover = found; }
          tip.hidden = !found;
          if (!found) return;
          tip.innerHTML = found.message !== undefined
            ? describe(data.messages[found.message]) : found.text;
          const left = Math.min(event.offsetX + 14, width - tip.offsetWidth - 8);
          tip.style.left = Math.max(4, left) + "px";
          const below = event.offsetY + 16;
          tip.style.top = (below + tip.offsetHeight > stage.clientHeight + stage.scrollTop
            ? event.offsetY - tip.offsetHeight - 10 : below) + "px";
        });
        canvas.addEventListener("pointerleave", () => { hover = null; tip.hidden = true; draw(); });
        canvas.addEventListener("dblclick", event => zoom(0.25, event.offsetX));
        window.addEventListener("keydown", event => {
          const step = (view.to - view.from) / 5;
          if (event.key === "ArrowRight") show(view.from + step, view.to + step);
          else if (event.key === "ArrowLeft") show(view.from - step, view.to - step);
          else if (event.key === "+" || event.key === "=") zoom(0.5);
          else if (event.key === "-") zoom(2);
          else if (event.key === "0") show(limit.from, limit.to);
          else return;
          event.preventDefault();
        });
        document.getElementById("in").onclick = () => zoom(0.5);
        document.getElementById("out").onclick = () => zoom(2);
        document.getElementById("all").onclick = () => show(limit.from, limit.to);
        document.getElementById("help").onclick = () =>
          document.getElementById("manual").showModal();

        function filters() {
          const counts = data.kinds.map(() => 0);
          for (const m of data.messages) counts[m[3]]++;
          document.getElementById("kinds").innerHTML = data.kinds.map((name, i) => counts[i]
            ? `<label><input type=checkbox data-kind=${i} ${shownKinds[i] ? "checked" : ""}>`
              + `<i class=swatch style="background:${kindColors[i]}"></i>${name} `
              + `<span class=count>${counts[i]}</span></label>` : "").join("");
          const present = new Set(data.marks.map(m => m[2]));
          document.getElementById("markKinds").innerHTML = data.markKinds.map((name, i) =>
            present.has(i) ? `<label><input type=checkbox data-mark=${i} `
              + `${shownMarks[i] ? "checked" : ""}><i class=swatch `
              + `style="background:${markColors[i]}"></i>${name}</label>` : "").join("");
        }
        function events() {
          const list = document.getElementById("events");
          list.innerHTML = data.marks.map(([t, node, kind, text], i) => shownMarks[kind]
            ? `<li data-event=${i} style="border-left-color:${markColors[kind]}">`
              + `<time>${(t / 1e6).toFixed(3)}</time>`
              + `<span>${escape_(data.texts[text])}</span></li>` : "").join("");
        }
        document.addEventListener("change", event => {
          const { kind, mark } = event.target.dataset;
          if (kind !== undefined) shownKinds[kind] = event.target.checked;
          if (mark !== undefined) { shownMarks[mark] = event.target.checked; events(); }
          draw();
        });
        document.addEventListener("click", event => {
          const preset = event.target.dataset.preset;
          if (preset) {
            shownKinds.forEach((_, i) => shownKinds[i] = preset === "all"
              || preset === "quiet" && i !== 6 && i !== 7
              || (groups[preset] || []).includes(i));
            filters(); draw();
          }
          const item = event.target.closest("[data-event]");
          if (!item) return;
          document.querySelectorAll(".current").forEach(e => e.classList.remove("current"));
          item.classList.add("current");
          const t = data.marks[item.dataset.event][0];
          const span = Math.min(view.to - view.from, 600000);
          show(t - span * 0.3, t + span * 0.7);
        });

        document.getElementById("title").textContent =
          `Seed ${data.seed}: ${data.nodes} ${data.nodes === 1 ? "node" : "nodes"}, `
          + `${(data.end / 1e6).toFixed(1)} simulated seconds`
          + (data.isCut ? " (too much happened to keep all of it)" : "");
        document.title = `Seed ${data.seed}`;
        const verdict = document.getElementById("verdict");
        verdict.textContent = data.verdict;
        if (data.isBroken) verdict.className = "broken";
        filters();
        events();
        // #from-to in seconds shows a part of the run.
        const part = location.hash.match(/^#([\d.]+)-([\d.]+)/);
        if (part) { view.from = part[1] * 1e6; view.to = part[2] * 1e6; }
        window.addEventListener("resize", resize);
        // It takes room, so it comes before the canvas is measured.
        legend("");
        resize();

        """#
}
