/** Text for HTML: element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

export interface Page {
  shop: string
  title: string
  /** trusted HTML, made of escaped parts */
  body: string
  /** "good": something is done; "plain": a question */
  tone?: 'good' | 'plain'
}

// Tokens of the design (facts ui.md §3); no script, no font, no picture: it works in any mail program's browser.
const style = `
:root{color-scheme:light dark;--bg:#F3F6F4;--surface:#fff;--ink:#13211B;--ink2:#4A5B53;--line:#D3DCD7;--strong:#74867D;--primary:#17553F;--on:#fff;--good:#17613F;--goodbg:#DDF0E5;--focus:#1B4F9C;--shelf:#E2A33B}
@media (prefers-color-scheme:dark){:root{--bg:#0B1310;--surface:#121C18;--ink:#E7EFEB;--ink2:#A2B4AB;--line:#293832;--strong:#6F8379;--primary:#6BCB9F;--on:#06231A;--good:#74D3A4;--goodbg:#13301F;--focus:#8FB9F6;--shelf:#C98A2B}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px 16px;background:var(--bg);color:var(--ink);font:16px/1.5 Archivo,system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:100%;max-width:480px;background:var(--surface);border:1px solid var(--line);border-top:4px solid var(--shelf);border-radius:5px;padding:28px 28px 24px}
.shop{margin:0 0 20px;color:var(--ink2);font-size:14px;font-weight:600}
h1{margin:0 0 12px;font-size:24px;line-height:1.25;font-weight:600;letter-spacing:-.015em;overflow-wrap:anywhere}
p{margin:0 0 16px;overflow-wrap:anywhere}.small{color:var(--ink2);font-size:14px}
.done{background:var(--goodbg);color:var(--good);padding:10px 14px;border-radius:4px;font-weight:600}
button{font:inherit;font-weight:600;min-height:44px;padding:9px 18px;border-radius:4px;border:1px solid var(--primary);background:var(--primary);color:var(--on);cursor:pointer}
button.quiet{background:transparent;color:var(--ink);border-color:var(--strong)}
a{color:var(--focus)}
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
label{display:flex;gap:12px;align-items:flex-start;padding:14px 0;border-top:1px solid var(--line);cursor:pointer}
label:last-of-type{border-bottom:1px solid var(--line);margin-bottom:20px}
input[type=checkbox]{flex:none;width:24px;height:24px;margin:0;accent-color:var(--primary)}
label b{display:block}label span span{color:var(--ink2);font-size:14px}
form{margin:0}hr{border:0;border-top:1px solid var(--line);margin:20px 0}
@media (forced-colors:active){main,button{border:1px solid}}
@media (max-width:400px){main{padding:22px 18px}button{width:100%}}`

/** A whole page: one question or one answer, in the shop's name. */
export function renderPage(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${escapeHtml(page.title)} - ${escapeHtml(page.shop)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="shop">${escapeHtml(page.shop)}</p>
<h1>${escapeHtml(page.title)}</h1>
${page.body}
</main>
</body>
</html>
`
}
