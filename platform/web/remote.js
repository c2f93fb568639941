/* remote.js: arrow keys move the focus to the nearest button in their direction, as a remote control
 * does; OK (Enter) presses it. Only of the ten-foot sample: a front end has its own. */
const boxes = root => [...root.querySelectorAll('*')].flatMap(e =>
  [...(e.matches('button:not([disabled])') && e.getClientRects().length ? [e] : []), ...(e.shadowRoot ? boxes(e.shadowRoot) : [])]);
const focused = (root = document) => root.activeElement?.shadowRoot ? focused(root.activeElement.shadowRoot) : root.activeElement;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/* How far `to` lies from `from` that way; what lies across costs double. Infinite behind. */
function distance(from, to, [x, y]) {
  const gapX = to.left + to.width / 2 - from.left - from.width / 2, gapY = to.top + to.height / 2 - from.top - from.height / 2;
  const ahead = gapX * x + gapY * y;
  return ahead > 1 ? ahead + 2 * Math.abs(x ? gapY : gapX) : Infinity;
}

addEventListener('keydown', event => {
  const way = WAYS[event.key];
  if (!way) return;
  event.preventDefault();
  const all = boxes(document), here = focused();
  if (!all.includes(here)) return void all[0]?.focus();
  const from = here.getBoundingClientRect();
  const reach = all.filter(b => b !== here).map(b => [distance(from, b.getBoundingClientRect(), way), b]).filter(([d]) => d < Infinity);
  reach.sort(([a], [b]) => a - b);
  reach[0]?.[1].focus();
});
