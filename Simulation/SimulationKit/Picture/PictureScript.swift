/// What the page does.
enum PictureScript {
    /// The data by columns, colours, and the view.
    static let model = #"""
        "use strict";
        const stateColors = ["#c3d3e6", "#f6d58e", "#f0a64a", "#3d9a5b", "#eceff2", "#d8c9ea"];
        const kindColors = ["#c98500", "#dcae55", "#d4501e", "#e48a63", "#2b6cb0", "#7fb0dd",
          "#a9b3bf", "#ccd3da", "#7a4fb5", "#b0257a", "#cf6aa8", "#8b1e3f",
          "#0f8a80", "#66b8b0", "#5d7f1a", "#a3bd62"];
        const resultColors = ["#b9c2cc", "#58a76d", "#e0a030", "#d6635a"];
        const markColors = ["#3d9a5b", "#47536a", "#d6453b", "#b0257a", "#8a5a2b", "#0f8a80",
          "#7a4fb5", "#c00000"];
        const groups = { election: [0, 1, 2, 3, 9, 10, 11], replication: [4, 5, 8, 12, 13] };

        const shownKinds = data.kinds.map(() => true);
        const shownMarks = data.markKinds.map(() => true);
        // Changes by node, in order of time.
        const lanes = Array.from({ length: data.nodes }, () => [{ t: 0, state: 4, term: 0 }]);
        for (const [t, node, state, term] of data.changes) lanes[node].push({ t, state, term });
        const longest = data.messages.reduce((most, m) => Math.max(most, m[4]), 0);
        const longestOperation = data.operations.reduce((most, o) => Math.max(most, o[3]), 0);
        const view = { from: data.from, to: data.to };
        const limit = { from: 0, to: data.end };

        /// The first position in rows whose column is not less than value.
        function lowerBound(rows, column, value) {
          let low = 0, high = rows.length;
          while (low < high) {
            const middle = (low + high) >> 1;
            if (rows[middle][column] < value) low = middle + 1; else high = middle;
          }
          return low;
        }
        function seconds(t, step) {
          const digits = step >= 1e6 ? 0 : step >= 1e5 ? 1 : step >= 1e4 ? 2 : step >= 1e3 ? 3
            : step >= 100 ? 4 : 6;
          return (t / 1e6).toFixed(digits) + " s";
        }
        function lasting(us) {
          return us < 1000 ? us + " µs" : us < 1e6 ? (us / 1e3).toPrecision(3) + " ms"
            : (us / 1e6).toFixed(2) + " s";
        }

        """#

    /// Where things stand, and how they are drawn.
    static let drawing = #"""
        const canvas = document.getElementById("canvas");
        const stage = document.getElementById("stage");
        const pen = canvas.getContext("2d");
        const gutter = 46, top_ = 44, barHeight = 22, clientHeight = 13;
        let width = 0, height = 0, laneGap = 0, clientTop = 0, hits = [], hover = null;

        function resize() {
          const ratio = window.devicePixelRatio || 1;
          width = stage.clientWidth;
          const clients = data.clients * clientHeight + (data.clients ? 26 : 0);
          const least = top_ + data.nodes * 74 + clients + 20;
          height = Math.max(stage.clientHeight, least);
          laneGap = Math.min(220, (height - top_ - clients - 20) / data.nodes);
          clientTop = top_ + laneGap * data.nodes + 14;
          canvas.width = width * ratio;
          canvas.height = height * ratio;
          canvas.style.width = width + "px";
          canvas.style.height = height + "px";
          pen.setTransform(ratio, 0, 0, ratio, 0, 0);
          draw();
        }
        const x = t => gutter + (t - view.from) / (view.to - view.from) * (width - gutter);
        const time = px => view.from + (px - gutter) / (width - gutter) * (view.to - view.from);
        const laneY = node => top_ + laneGap * node + laneGap / 2 - barHeight / 2;

        function draw() {
          pen.clearRect(0, 0, width, height);
          hits = [];
          drawAxis();
          drawSpans();
          drawWindow();
          pen.save();
          pen.beginPath();
          pen.rect(gutter, 0, width - gutter, height);
          pen.clip();
          const note = drawMessages();
          for (let node = 0; node < data.nodes; node++) drawLane(node);
          drawOperations();
          drawMarks();
          if (hover) highlight(hover);
          pen.restore();
          drawLabels();
          legend(note);
        }

        function drawAxis() {
          const span = view.to - view.from;
          let step = 1;
          for (const factor of [1, 2, 5]) {
            let candidate = factor;
            while (span / candidate > (width - gutter) / 95) candidate *= 10;
            if (step === 1 || candidate < step) step = candidate;
          }
          pen.font = "11px system-ui, sans-serif";
          pen.textAlign = "center";
          for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
            const px = Math.round(x(t)) + 0.5;
            pen.strokeStyle = "#edf0f3";
            pen.beginPath(); pen.moveTo(px, 20); pen.lineTo(px, height); pen.stroke();
            pen.fillStyle = "#6b7685";
            pen.fillText(seconds(t, step), px, 14);
          }
        }

        /// Faults that last, behind everything.
        function drawSpans() {
          for (const mark of data.marks) {
            const [t, node, kind, text, end] = mark;
            if (!end || end < view.from || t > view.to || !shownMarks[kind]) continue;
            const left = Math.max(gutter, x(t)), right = Math.min(width, x(end));
            const y = node < 0 ? 20 : laneY(node) - 16;
            const h = node < 0 ? clientTop - 34 : barHeight + 32;
            pen.fillStyle = markColors[kind] + "14";
            pen.fillRect(left, y, Math.max(1, right - left), h);
            pen.fillStyle = markColors[kind] + "66";
            pen.fillRect(left, y, Math.max(1, right - left), 2);
          }
        }

        /// Shades what lies outside of the part of which messages were kept.
        function drawWindow() {
          pen.fillStyle = "#f1f3f5";
          const [a, b] = [x(data.from), x(data.to)];
          if (a > gutter) pen.fillRect(gutter, 22, a - gutter, height - 22);
          if (b < width) pen.fillRect(b, 22, width - b, height - 22);
          pen.fillStyle = "#8b95a3";
          pen.font = "11px system-ui, sans-serif";
          pen.textAlign = "center";
          const hint = "no messages kept here: --from and --to choose the part";
          if (a - gutter > 320) pen.fillText(hint, (Math.max(gutter, 0) + Math.min(a, width)) / 2, 36);
          if (width - b > 320) pen.fillText(hint, (Math.max(b, gutter) + width) / 2, 36);
        }

        function drawLane(node) {
          const rows = lanes[node], y = laneY(node);
          let at = Math.max(0, lowerBound(rows, "t", view.from) - 1);
          for (; at < rows.length && rows[at].t <= view.to; at++) {
            const { t, state, term } = rows[at];
            const next = at + 1 < rows.length ? rows[at + 1].t : data.end;
            const left = Math.max(gutter, x(t)), right = Math.min(width, x(next));
            if (right < gutter) continue;
            const w = Math.max(1, right - left);
            pen.fillStyle = stateColors[state];
            pen.fillRect(left, y, w, barHeight);
            if (state === 4) stripes(left, y, w);
            if (w > 34) {
              pen.fillStyle = state === 3 ? "#fff" : "#3a4656";
              pen.textAlign = "left";
              pen.font = "11px system-ui, sans-serif";
              const name = state === 4 ? "down" : data.states[state] + " " + term;
              const full = pen.measureText(name).width + 10;
              pen.fillText(full < w ? name : state === 4 ? "" : "" + term, left + 5, y + 15);
            }
            hits.push({ left, right: left + w, top: y, bottom: y + barHeight, node,
              text: `<b>n${node + 1}: ${data.states[state]}</b>`
                + (state === 4 ? "" : ` in term ${term}`)
                + `\n<span class=dim>${seconds(t, 1)} to ${seconds(next, 1)}, `
                + `${lasting(next - t)}</span>` });
          }
          drawCommits(node, y + barHeight + 3);
        }

        function stripes(left, y, w) {
          pen.save();
          pen.beginPath(); pen.rect(left, y, w, barHeight); pen.clip();
          pen.strokeStyle = "#cfd6dd";
          pen.beginPath();
          const right = Math.min(width, left + w);
          for (let px = left - barHeight - (left % 7); px < right; px += 7) {
            pen.moveTo(px, y + barHeight); pen.lineTo(px + barHeight, y);
          }
          pen.stroke();
          pen.restore();
        }

        function drawCommits(node, y) {
          const at = lowerBound(data.commits, 0, view.from);
          pen.fillStyle = "#2b6cb0";
          let last = -10, labelled = -100;
          for (let i = at; i < data.commits.length && data.commits[i][0] <= view.to; i++) {
            const [t, owner, index] = data.commits[i];
            const px = x(t);
            if (owner !== node || px - last < 2) continue;
            last = px;
            pen.fillRect(px, y, 1.5, 5);
            if (px - labelled > 60 && view.to - view.from < 2e6) {
              labelled = px;
              pen.font = "9px system-ui, sans-serif";
              pen.textAlign = "left";
              pen.fillText("" + index, px + 3, y + 7);
            }
          }
        }

        /// Draws messages as far as there is room for them. Returns what was left out.
        function drawMessages() {
          const first = lowerBound(data.messages, 0, view.from - longest);
          const seen = [];
          for (let i = first; i < data.messages.length && data.messages[i][0] <= view.to; i++) {
            const m = data.messages[i];
            if (shownKinds[m[3]] && m[0] + m[4] >= view.from) seen.push(i);
          }
          const roomy = (width - gutter) * 3;
          let drawn = seen, note = "";
          if (drawn.length > roomy) {
            drawn = seen.filter(i => groups.election.includes(data.messages[i][3])
              || data.messages[i][5] > 1);
            note = `${seen.length - drawn.length} ordinary messages are not drawn: zoom in`;
          }
          if (drawn.length > roomy * 2) {
            note = `${seen.length} messages are not drawn: zoom in`;
            drawn = [];
          }
          const isDense = drawn.length > (width - gutter) / 2;
          // Those that waited long for a connection or a healed link would hide the others.
          for (const i of drawn) drawMessage(i, isDense || data.messages[i][4] > 2e5);
          return note;
        }

        function ends(m) {
          const [t, from, to, , lasts] = m;
          const isDown = to > from;
          return [x(t), laneY(from) + (isDown ? barHeight : 0),
            x(t + lasts), laneY(to) + (isDown ? 0 : barHeight)];
        }

        function drawMessage(i, isFaint) {
          const m = data.messages[i];
          let [x1, y1, x2, y2] = ends(m);
          const isLost = m[5] > 1;
          if (isLost) {
            // It gets half of the way.
            y2 = (y1 + y2) / 2;
            if (x2 - x1 < 4) x2 = x1 + 4;
          }
          pen.strokeStyle = kindColors[m[3]];
          pen.globalAlpha = m[4] > 2e5 ? 0.18 : isFaint ? 0.35 : 0.85;
          pen.lineWidth = groups.election.includes(m[3]) ? 1.6 : 1;
          if (isLost) pen.setLineDash([3, 3]);
          pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
          pen.setLineDash([]);
          if (isLost) cross(x2, y2, kindColors[m[3]]);
          else if (!isFaint) arrow(x1, y1, x2, y2, kindColors[m[3]]);
          pen.globalAlpha = 1;
          pen.lineWidth = 1;
          hits.push({ line: [x1, y1, x2, y2], message: i });
        }

        function arrow(x1, y1, x2, y2, color) {
          const angle = Math.atan2(y2 - y1, x2 - x1);
          pen.fillStyle = color;
          pen.beginPath();
          pen.moveTo(x2, y2);
          pen.lineTo(x2 - 7 * Math.cos(angle - 0.35), y2 - 7 * Math.sin(angle - 0.35));
          pen.lineTo(x2 - 7 * Math.cos(angle + 0.35), y2 - 7 * Math.sin(angle + 0.35));
          pen.fill();
        }

        function cross(px, y, color) {
          pen.strokeStyle = color;
          pen.beginPath();
          pen.moveTo(px - 3, y - 3); pen.lineTo(px + 3, y + 3);
          pen.moveTo(px + 3, y - 3); pen.lineTo(px - 3, y + 3);
          pen.stroke();
        }

        function drawOperations() {
          const begins = data.operations;
          for (let i = lowerBound(begins, 2, view.from - longestOperation);
              i < begins.length && begins[i][2] <= view.to; i++) {
            const [client, node, begin, lasts, result, what] = begins[i];
            if (begin + lasts < view.from) continue;
            const left = x(begin), w = Math.max(2, x(begin + lasts) - left);
            const y = clientTop + 14 + client * clientHeight;
            pen.fillStyle = resultColors[result];
            pen.fillRect(left, y, w, clientHeight - 3);
            if (w > 70) {
              pen.fillStyle = "#fff";
              pen.font = "9px system-ui, sans-serif";
              pen.textAlign = "left";
              pen.fillText(data.texts[what] + ", n" + (node + 1), Math.max(left, gutter) + 3, y + 8);
            }
            hits.push({ left, right: left + w, top: y, bottom: y + clientHeight - 3, operation: i,
              text: `<b>client ${client + 1}: ${data.texts[what]}</b> through n${node + 1}\n`
                + `${data.results[result]}, ${lasting(lasts)}\n`
                + `<span class=dim>${seconds(begin, 1)}</span>` });
          }
        }

        function drawMarks() {
          const first = lowerBound(data.marks, 0, view.from);
          let last = [];
          for (let i = first; i < data.marks.length && data.marks[i][0] <= view.to; i++) {
            const [t, node, kind, text, end] = data.marks[i];
            if (!shownMarks[kind]) continue;
            const px = x(t), y = node < 0 ? 30 : laneY(node) - 8;
            if (px - (last[node + 1] ?? -9) < 3 && kind !== 7) continue;
            last[node + 1] = px;
            pen.fillStyle = markColors[kind];
            pen.beginPath();
            pen.moveTo(px, y - 5); pen.lineTo(px + 5, y); pen.lineTo(px, y + 5);
            pen.lineTo(px - 5, y);
            pen.fill();
            hits.push({ left: px - 5, right: px + 5, top: y - 5, bottom: y + 5, mark: i,
              text: `<b>${escape_(data.texts[text])}</b>\n<span class=dim>${seconds(t, 1)}`
                + (end ? `, for ${lasting(end - t)}` : "") + "</span>" });
          }
        }

        function drawLabels() {
          pen.fillStyle = "#fff";
          pen.fillRect(0, 0, gutter, height);
          pen.textAlign = "right";
          for (let node = 0; node < data.nodes; node++) {
            pen.fillStyle = "#1d2430";
            pen.font = "600 13px system-ui, sans-serif";
            pen.fillText("n" + (node + 1), gutter - 8, laneY(node) + 16);
          }
          pen.fillStyle = "#6b7685";
          pen.font = "10px system-ui, sans-serif";
          if (data.clients) pen.fillText("clients", gutter - 8, clientTop + 6);
          for (let client = 0; client < data.clients; client++)
            pen.fillText("" + (client + 1), gutter - 8, clientTop + 22 + client * clientHeight);
        }

        function highlight(hit) {
          if (hit.message !== undefined) {
            const [x1, y1, x2, y2] = hit.line;
            pen.strokeStyle = "#1d2430";
            pen.lineWidth = 2.5;
            pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
            pen.lineWidth = 1;
          } else if (hit.operation !== undefined) {
            const node = data.operations[hit.operation][1];
            pen.strokeStyle = "#1d243088";
            pen.setLineDash([2, 2]);
            pen.beginPath();
            for (const px of [hit.left, hit.right]) {
              pen.moveTo(px, hit.top); pen.lineTo(px, laneY(node) + barHeight);
            }
            pen.stroke();
            pen.setLineDash([]);
          }
        }

        """#
}
