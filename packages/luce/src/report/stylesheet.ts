/** The look of an HTML report: system fonts, light and dark by preference, one column from 320 pixels up. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --line: #d9dde3; --text: #16191d; --muted: #59616b;
  --series-1: #1d5fbf; --series-2: #b34700; --series-3: #0f7a5a; --series-4: #8a3fa0;
  --series-5: #a3123f; --series-6: #5f6b00; --series-7: #00708a; --series-8: #7a5230;
  --truth: #b34700; --above: #3b82f6; --below: #f5871f;
  --problem: #b3131f; --caution: #8a5a00; --note: #1d5fbf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --panel: #181d23; --line: #333b45; --text: #e9ecf0; --muted: #a3adb9;
    --series-1: #7db2ff; --series-2: #ffa45c; --series-3: #5fd3a9; --series-4: #d79bea;
    --series-5: #ff8fa8; --series-6: #cdd65b; --series-7: #63cbe3; --series-8: #d9ae86;
    --truth: #ffa45c; --above: #2f6fe0; --below: #c25a10;
    --problem: #ff8f8f; --caution: #f2bd4b; --note: #7db2ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main, footer { max-width: 1104px; margin: 0 auto; padding: 0 32px; }
header { padding-top: 40px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 12px; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 44px 0 12px; overflow-wrap: anywhere; }
.summary { max-width: 68ch; margin: 0; overflow-wrap: anywhere; }
.caption, figcaption, .legend { color: var(--muted); font-size: 0.875rem; margin: 0 0 10px; overflow-wrap: anywhere; }
.findings { list-style: none; padding: 0; margin: 0; display: grid; gap: 10px; }
.findings li { background: var(--panel); border-left: 4px solid var(--note); border-radius: 4px; padding: 10px 16px; overflow-wrap: anywhere; }
.findings li.problem { border-color: var(--problem); } .findings li.problem strong { color: var(--problem); }
.findings li.caution { border-color: var(--caution); } .findings li.caution strong { color: var(--caution); }
.findings li.note strong { color: var(--note); }
.findings strong { margin-right: 6px; }
.findings p { margin: 0; } .findings .advice { color: var(--muted); margin-top: 2px; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--note); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9375rem; min-width: min(100%, 560px); }
th, td { padding: 5px 14px 5px 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
th:last-child, td:last-child { padding-right: 2px; }
.prose { white-space: normal; min-width: 17em; max-width: 44em; }
tbody th { max-width: 26em; overflow: hidden; text-overflow: ellipsis; }
thead th { color: var(--muted); font-size: 0.8125rem; vertical-align: bottom; border-bottom: 2px solid var(--line); }
.number { text-align: right; }
tbody tr:hover { background: var(--panel); }
th.beside, td.beside { width: 100%; min-width: 220px; padding: 0 16px 0 24px; }
.track { position: relative; height: 22px; }
.track > * { position: absolute; }
.track span { transform: translateX(-50%); }
.track .grid { top: -7px; bottom: -7px; width: 1px; background: var(--line); }
.track .range { top: 10px; height: 3px; background: var(--series-1); opacity: 0.55; }
.track .estimate { top: 7px; width: 9px; height: 9px; margin-left: -4.5px; border-radius: 50%; background: var(--series-1); }
.track .truth { top: 7px; width: 9px; height: 9px; margin-left: -4.5px; border: 2px solid var(--truth); transform: rotate(45deg); }
figure { margin: 0; }
figcaption { margin: 8px 0 0; }
.plot { display: block; max-width: 100%; height: auto; font-size: 12px; overflow: visible; }
.plot.unscaled { max-width: none; }
.narrow { display: none; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; }
.legend span.key { color: var(--series-1); margin-right: -10px; }
.legend span.truth { color: var(--truth); }
.legend span.bar { opacity: 0.55; }
.ramp { display: inline-block; width: 120px; height: 12px; border-radius: 2px; border: 1px solid var(--line); }
.ramp.diverging { background: linear-gradient(to right, var(--below), var(--page), var(--above)); }
.ramp.sequential { background: linear-gradient(to right, var(--page), var(--above)); }
details { margin-top: 10px; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--muted); width: fit-content; }
details .scroll { max-height: 480px; overflow-y: auto; margin-top: 8px; }
footer { margin-top: 56px; padding-bottom: 48px; color: var(--muted); font-size: 0.875rem; }
footer h2 { font-size: 0.875rem; border-top: 1px solid var(--line); padding-top: 20px; margin: 0 0 8px; color: inherit; }
dl { margin: 0; } dl div { display: flex; gap: 12px; } dt { flex: 0 0 5.5em; } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
code { font: 0.92em ui-monospace, "Cascadia Mono", Menlo, monospace; }
@media (max-width: 860px) {
  main, footer { padding: 0 16px; }
  header { padding-top: 24px; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 34px; }
  table { font-size: 0.875rem; }
  tbody th { max-width: 12em; }
  .wide, .beside { display: none; }
  .narrow { display: block; }
  .narrow .plot:not(.unscaled) { width: 100%; max-width: 560px; }
}
@media print { .scroll { overflow: visible; } details { display: none; } }
`;
