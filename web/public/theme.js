// Runs before the first paint, as a file of its own because the page's CSP allows no inline script.
try {
  var theme = localStorage.getItem('lma.theme')
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
} catch (_) {
  // Without storage the light theme stays.
}
