/// The frame of the page.
enum PicturePage {
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>A simulated cluster</title>
        <style>/*STYLE*/</style>
        </head>
        <body>
        <header>
          <h1 id="title"></h1>
          <span id="verdict"></span>
          <span class="space"></span>
          <button id="out" title="zoom out (key: minus)">−</button>
          <button id="in" title="zoom in (key: plus)">+</button>
          <button id="all" title="the whole run (key: 0)">all</button>
          <button id="help" title="how to read this">?</button>
        </header>
        <nav>
          <span class="label">messages</span>
          <button data-preset="all">all</button>
          <button data-preset="election">elections</button>
          <button data-preset="replication">replication</button>
          <button data-preset="quiet">no heartbeats</button>
          <button data-preset="none">none</button>
          <span id="kinds"></span>
        </nav>
        <main>
          <div id="stage"><canvas id="canvas" tabindex="0"></canvas>
            <div id="tip" hidden></div>
          </div>
          <aside>
            <div id="markKinds"></div>
            <ol id="events"></ol>
          </aside>
        </main>
        <footer id="legend"></footer>
        <dialog id="manual">
          <h2>How to read this</h2>
          <p>Time goes from left to right. Each node has a lane: its bar is coloured by its role,
          with the term in it. A line between two lanes is a message, from who sent it to who took
          it; a dashed line with a cross did not arrive. Small ticks under a bar show how far the
          node knows the log to be committed. Clients have the thin lanes at the bottom: a bar is
          an operation, from asking to the answer.</p>
          <p>Turn the wheel or press + and − to zoom, drag to move, point at anything to read it,
          click an event on the right to go there. Arrow keys move; 0 shows everything. Messages
          appear as soon as there is room for them.</p>
          <form method="dialog"><button>close</button></form>
        </dialog>
        <script>
        /*DATA*/
        /*SCRIPT*/
        /*CONTROLS*/
        </script>
        </body>
        </html>
        """#

    static let style = #"""
        :root { color-scheme: light; --ink: #1d2430; --faint: #6b7685; --rule: #dfe4ea; }
        * { box-sizing: border-box; }
        body { margin: 0; height: 100vh; display: flex; flex-direction: column; color: var(--ink);
          font: 13px/1.4 system-ui, -apple-system, "Segoe UI", sans-serif; background: #fff; }
        header, nav { display: flex; align-items: center; gap: 8px; padding: 8px 14px;
          border-bottom: 1px solid var(--rule); flex-wrap: wrap; }
        nav { padding: 5px 14px; gap: 6px; background: #f7f8fa; }
        h1 { font-size: 15px; margin: 0; font-weight: 650; }
        h2 { font-size: 15px; margin: 0 0 8px; }
        .space { flex: 1; }
        .label { color: var(--faint); margin-right: 2px; }
        #verdict { padding: 1px 9px; border-radius: 10px; background: #e2f3e6; color: #1c6b34; }
        #verdict.broken { background: #fde4e2; color: #a3201a; }
        button { font: inherit; border: 1px solid #c9d0d8; background: #fff; border-radius: 5px;
          padding: 1px 9px; cursor: pointer; color: inherit; }
        button:hover { background: #eef2f6; }
        #kinds label, #markKinds label { display: inline-flex; align-items: center; gap: 4px;
          margin-right: 9px; white-space: nowrap; cursor: pointer; }
        #kinds input, #markKinds input { margin: 0; }
        #kinds .count { color: var(--faint); font-size: 11px; }
        .swatch { width: 10px; height: 10px; border-radius: 2px; display: inline-block; }
        main { flex: 1; display: flex; min-height: 0; }
        #stage { flex: 1; position: relative; min-width: 0; overflow-x: hidden; overflow-y: auto; }
        canvas { display: block; cursor: grab; outline: none; }
        canvas.dragging { cursor: grabbing; }
        aside { width: 330px; border-left: 1px solid var(--rule); display: flex;
          flex-direction: column; min-height: 0; }
        #markKinds { padding: 7px 12px; border-bottom: 1px solid var(--rule); font-size: 12px; }
        #events { margin: 0; padding: 0; overflow-y: auto; flex: 1; list-style: none;
          font-size: 12px; }
        #events li { padding: 3px 12px 3px 9px; display: flex; gap: 8px; cursor: pointer;
          border-left: 3px solid transparent; }
        #events li:hover { background: #eef2f6; }
        #events li.current { background: #fff6db; }
        #events time { color: var(--faint); font-variant-numeric: tabular-nums; min-width: 62px;
          text-align: right; }
        #tip { position: absolute; pointer-events: none; background: #1d2430; color: #fff;
          padding: 6px 9px; border-radius: 5px; font-size: 12px; max-width: 380px; z-index: 2;
          box-shadow: 0 3px 12px #0003; white-space: pre-line; }
        #tip b { font-weight: 650; }
        #tip .dim { color: #aeb8c6; }
        #legend { padding: 3px 14px; border-top: 1px solid var(--rule); font-size: 11px;
          color: var(--faint); background: #f7f8fa; }
        #legend span { margin-right: 11px; }
        #legend b { float: right; color: #8a5a2b; font-weight: 600; }
        dialog { border: 1px solid #c9d0d8; border-radius: 8px; max-width: 520px; padding: 18px; }
        """#
}
