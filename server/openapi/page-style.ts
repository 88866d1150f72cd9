/** The one style of the page; its hash is the only thing that the page's policy lets through. */
export const STYLE = `
:root {
  --paper: #fdfdfb; --ink: #1d2329; --soft: #59636e; --line: #d9dde1; --card: #ffffff; --link: #0b57a4;
  --get: #1a6b3c; --put: #8a5300; --post: #0b57a4; --delete: #a3262f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e4e8ec; --soft: #9aa5b0; --line: #323a42; --card: #1b2026; --link: #7db7f5;
    --get: #6fce95; --put: #e8b25c; --post: #7db7f5; --delete: #f28b92;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 82rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
h1 { margin: 0.5rem 0; }
h1 small, th small, em { color: var(--soft); font-weight: normal; font-style: normal; font-size: 0.8em; }
h2 { font-size: 1.15rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
h3 a { color: inherit; }
header p { max-width: 48rem; margin: 0.4rem 0; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
nav { border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); padding: 0 1rem 0.5rem; font-size: 0.85rem; }
nav h2 { font-size: 0.9rem; margin: 0.8rem 0 0.2rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { padding: 0.1rem 0; }
nav a { color: inherit; }
main > section > h2 { margin: 2rem 0 0.8rem; }
article { border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); padding: 0.8rem 1rem; margin: 0 0 1rem; }
article:target { border-color: var(--link); }
article p { margin: 0.3rem 0 0.6rem; }
.verb { display: inline-block; min-width: 4.4em; font: bold 0.8em ui-monospace, monospace; }
.get { color: var(--get); } .put { color: var(--put); } .post { color: var(--post); } .delete { color: var(--delete); }
.status { font: bold 0.9em ui-monospace, monospace; }
.s2, .s3 { color: var(--get); } .s4 { color: var(--put); } .s5 { color: var(--delete); }
.type { color: var(--soft); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; margin: 0 0 0.6rem; }
caption { text-align: left; color: var(--soft); font-size: 0.8rem; padding: 0.3rem 0; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: 0.3rem 0.8rem 0.3rem 0; font-weight: normal; overflow-wrap: anywhere; }
th { width: 14rem; }
td .table { margin-top: 0.3rem; border-left: 2px solid var(--line); padding-left: 0.7rem; }
@media (max-width: 40rem) {
  table, tbody, tr, th, td { display: block; width: auto; }
  td { border-top: 0; padding-top: 0; }
}
@media (min-width: 70rem) {
  body { display: grid; grid-template-columns: 23rem 1fr; column-gap: 2rem; align-items: start; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; }
  main { min-width: 0; }
  main > section:first-child > h2 { margin-top: 0; }
}
`;
