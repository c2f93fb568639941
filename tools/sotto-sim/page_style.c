/* page_style: the page's one style sheet, light and dark. Sizes in rem and ch, one column on a
 * phone. */
#include "tools/sotto-sim/page.h"

static const char *const style[] = {
    /* colours: text on ground has a contrast of at least 7, quiet text 4.5 */
    ":root{--ground:#faf9f6;--card:#fff;--ink:#1c2530;--quiet:#5a6571;--line:#dedbd3;"
    "--track:#ece9e2;--accent:#0d6b61;--accent-soft:#d3e7e3;--warm:#a8531c;--r0:#8b96a2;"
    "--r1:#0d6b61;--r2:#4f8f3a;--r3:#b0741f;--r4:#5f6fb0;--serif:Charter,'Iowan Old Style',"
    "'Palatino Linotype',Georgia,serif;--sans:system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif;--mono:ui-monospace,'SF Mono',Menlo,Consolas,"
    "'DejaVu Sans Mono',monospace}\n",
    "@media (prefers-color-scheme:dark){:root{--ground:#12171d;--card:#1a2129;--ink:#e8e6e1;"
    "--quiet:#a3adb8;--line:#2e3741;--track:#28313b;--accent:#5cc4b5;--accent-soft:#173a37;"
    "--warm:#eba06a;--r0:#77838f;--r1:#5cc4b5;--r2:#8ccb74;--r3:#e0ae5c;--r4:#93a3ea}}\n",
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\nbody{margin:0;"
    "background:var(--ground);color:var(--ink);font:1.0625rem/1.6 var(--sans);"
    "padding:0 clamp(1rem,4vw,3rem) 4rem}header,main,footer{max-width:68rem;margin:0 auto}\n"
    "header{padding:clamp(2rem,7vw,5rem) 0 1rem}.word{margin:0 0 1rem;"
    "font:italic 1.25rem var(--serif);color:var(--accent)}h1{font:400 clamp(1.9rem,5.2vw,"
    "3.25rem)/1.12 var(--serif);letter-spacing:-.015em;margin:0 0 1rem;max-width:22ch;"
    "text-wrap:balance}.lead{font-size:1.1875rem;color:var(--quiet);max-width:58ch;margin:0}\n",
    "section{padding:2.75rem 0 0;margin-top:2.75rem;border-top:1px solid var(--line)}"
    "h2{font:400 clamp(1.5rem,3.2vw,2rem)/1.2 var(--serif);margin:0 0 .9rem;"
    "letter-spacing:-.01em}h3{font:600 1rem/1.4 var(--sans);margin:1.5rem 0 .5rem}"
    "p{max-width:66ch;margin:0 0 1rem}.fine,.missing{color:var(--quiet);font-size:.9375rem}"
    "figure{margin:0}figcaption,caption{color:var(--quiet);font-size:.9375rem;line-height:1.45;"
    "text-align:left}figcaption b,caption q{color:var(--ink)}q{quotes:'“' '”'}\n",
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));"
    "gap:1.5rem 2rem;margin:2.5rem 0 0}.figures div{border-top:2px solid var(--accent);"
    "padding-top:.6rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}"
    ".figures dd{margin:0;font:400 2.25rem/1.15 var(--serif);"
    "font-variant-numeric:lining-nums tabular-nums}.figures dt{color:var(--quiet);"
    "font-size:.9375rem;line-height:1.35}\n",
    ".basket{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0;margin:0 0 2rem}"
    ".basket li{background:var(--accent-soft);border-radius:99px;padding:.2rem .85rem;"
    "font-size:.9375rem}\n.screens{display:grid;grid-template-columns:repeat(auto-fit,"
    "minmax(min(100%,19rem),1fr));gap:2rem;align-items:start}.kiosk{display:flex;"
    "flex-direction:column;gap:.75rem}.glass{background:var(--card);"
    "border:1px solid var(--line);border-radius:14px;padding:1.1rem;"
    "box-shadow:0 0 0 6px var(--track);margin:6px}\n.banner{border:2px solid var(--accent);"
    "border-radius:10px;padding:1rem;line-height:1.45}.banner p{margin:0 0 .75rem}"
    ".banner-title{font-weight:600}.mark{display:inline-block;width:.7em;height:.7em;"
    "border-radius:50%;border:3px solid var(--accent);margin-right:.5em}.actions{display:flex;"
    "flex-wrap:wrap;gap:.5rem;margin:0!important}.button{border:1px solid var(--accent);"
    "color:var(--accent);border-radius:8px;padding:.5rem .8rem;font-size:.9375rem;"
    "line-height:1.3}.answer{background:var(--accent);color:var(--ground)}\n",
    ".veil{margin-top:1rem;display:grid;gap:.65rem}.veil i{height:1.1rem;border-radius:5px;"
    "background:var(--track)}.veil i:nth-child(2n){width:82%}.veil i:nth-child(3n){width:91%}"
    ".notes{margin:0;font-size:.875rem;line-height:1.5;display:grid;gap:.15rem .9rem}"
    ".notes dt{color:var(--quiet)}.notes dd{margin:0 0 .5rem}.mono{font-family:var(--mono);"
    "font-size:.8125rem;overflow-wrap:anywhere}\n",
    ".slate-head{font:400 1.375rem/1.2 var(--serif);margin:0 0 .75rem}"
    ".slate-head small{display:block;font:.875rem/1.4 var(--sans);color:var(--quiet);"
    "margin-top:.2rem}.slate ol{list-style:none;margin:0;padding:0}.slate li{padding:.6rem 0;"
    "border-top:1px solid var(--line);line-height:1.35}.row{display:flex;"
    "justify-content:space-between;gap:1rem}.title{font-weight:550;overflow-wrap:anywhere}"
    ".score,.num{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}"
    ".score{color:var(--accent);font-weight:600}.general .title{font-weight:450}\n",
    "svg{display:block;width:100%}.shares{margin:.4rem 0;border-radius:3px}.r0{fill:var(--r0)}"
    ".r1{fill:var(--r1)}.r2{fill:var(--r2)}.r3{fill:var(--r3)}.r4{fill:var(--r4)}"
    ".why{display:block;font-size:.8438rem;color:var(--quiet)}.reason{display:flex;gap:.6em}"
    ".reason b{font-variant-numeric:tabular-nums;font-weight:600;min-width:5.4em;"
    "text-align:right;color:var(--ink)}\n",
    ".wide{overflow-x:auto;margin-top:2rem}table{border-collapse:collapse;width:100%;"
    "max-width:46rem;font-size:.9375rem}caption{padding-bottom:.6rem;font-weight:400}th,"
    "td{text-align:left;padding:.4rem 0;border-top:1px solid var(--line);font-weight:400;"
    "vertical-align:top}th+td,td+td,th+th{padding-left:1.25rem}thead th{color:var(--quiet);"
    "font-size:.875rem}tfoot th,tfoot td{font-weight:600}"
    "tfoot tr:first-child>*{border-top:2px solid var(--ink)}.num{text-align:right!important}\n",
    ".trio{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));"
    "gap:2rem;margin:1.75rem 0}.bars figcaption{margin-bottom:.75rem;min-height:4.2rem}"
    ".whole{white-space:nowrap}.bars figcaption b{display:block;font-size:1.0625rem}"
    ".bar{display:grid;grid-template-columns:6.6rem 1fr 3.2rem;gap:.75rem;align-items:center;"
    "font-size:.9375rem;padding:.2rem 0}.track{fill:var(--track)}.b0{fill:var(--accent)}"
    ".b1{fill:var(--r0)}.b2{fill:var(--quiet)}.b3{fill:var(--warm)}\n",
    ".command{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "padding:.8rem 1rem;overflow-x:auto;font:.8438rem/1.6 var(--mono);white-space:pre-wrap;"
    "overflow-wrap:anywhere;max-width:60rem}code{font-family:var(--mono);font-size:.9em}\n",
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));"
    "gap:2rem;margin:1.5rem 0}.hex,.meaning{background:var(--card);"
    "border:1px solid var(--line);border-radius:8px;padding:.9rem 1rem;margin:.6rem 0 0;"
    "overflow-x:auto}.hex{font:.8125rem/1.55 var(--mono)}.hex i{font-style:normal;"
    "color:var(--quiet)}.hex b{font-weight:400;color:var(--accent)}.meaning ul{margin:0;"
    "padding:0;list-style:none}.meaning li{padding:.35rem 0;border-top:1px solid var(--line);"
    "line-height:1.4}.meaning small{color:var(--quiet)}.meaning p{margin:0 0 .5rem}\n",
    ".keys{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;color:var(--quiet);font-size:.9375rem}"
    ".days{display:grid;gap:1.5rem 3.5rem;grid-template-columns:repeat(auto-fit,"
    "minmax(min(100%,26rem),1fr));margin:1.75rem 0}.cells figcaption{margin-bottom:.7rem}"
    ".key i{display:inline-block;vertical-align:middle;margin-right:.4em}.k-dot{width:9px;"
    "height:9px;border-radius:50%;background:var(--accent)}.k-interval{width:22px;height:4px;"
    "border-radius:2px;background:var(--accent);opacity:.45}.k-true{width:3px;height:15px;"
    "background:var(--warm)}.cell{display:grid;grid-template-columns:8.5rem 1fr 7rem;"
    "gap:.75rem;align-items:center;padding:.12rem 0;font-size:.9375rem;line-height:1.3}"
    ".cell small{color:var(--quiet);display:inline-block;min-width:4.6em}"
    ".held{color:var(--quiet);font-style:italic}\n",
    ".interval{stroke:var(--accent);stroke-width:4;stroke-linecap:round;opacity:.45}"
    ".true{stroke:var(--warm);stroke-width:3}.zero{stroke:var(--line)}.dot{fill:var(--accent)}"
    ".budget{max-width:46rem;margin-bottom:1.25rem}.budget p{margin-bottom:.4rem}"
    ".duo{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));"
    "gap:1rem 3rem}.words ul{padding-left:1.1rem;margin:0}.words li{margin-bottom:.6rem;"
    "max-width:52ch}footer{margin-top:3.5rem;color:var(--quiet);font-size:.9375rem}\n",
    "@media (max-width:36rem){body{font-size:1rem}.bars figcaption{min-height:0}"
    ".cell{grid-template-columns:1fr auto;gap:.1rem .75rem;padding:.4rem 0}.cell svg,"
    ".cell .held{grid-column:1/-1;grid-row:2}.bar{grid-template-columns:6.2rem 1fr 2.8rem;"
    "gap:.5rem}.figures{grid-template-columns:1fr 1fr;gap:1.25rem}.hex{font-size:.6875rem;"
    "padding:.75rem}}\n",
    "@media print{.hex,.command{white-space:pre-wrap}section{break-inside:avoid}}\n"};

void page_style(FILE *to) {
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++) fputs(style[i], to);
}
