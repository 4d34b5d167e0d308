/**
 * What a shop puts into its website: `<script src="…/s/embed.js" data-form="news" async></script>`. It puts a frame with
 * the form in its place and lets it grow; it reads nothing of the page but its address.
 */
export function embedScript(publicUrl: string): string {
  return `(function () {
  var s = document.currentScript
  if (!s) return
  var base = ${JSON.stringify(publicUrl)}
  var f = document.createElement('iframe')
  f.src = base + '/s/' + encodeURIComponent(s.getAttribute('data-form') || '') + '?embed=1' +
    (s.getAttribute('data-store') ? '&store=' + encodeURIComponent(s.getAttribute('data-store')) : '') +
    '&page=' + encodeURIComponent(location.origin + location.pathname)
  f.title = s.getAttribute('data-title') || 'Sign up for news'
  f.style.cssText = 'width:100%;max-width:560px;border:0;display:block'
  f.height = '640'
  s.parentNode.insertBefore(f, s)
  addEventListener('message', function (e) {
    if (e.source === f.contentWindow && e.data && e.data.type === 'liquor-agent:height' && e.data.height > 0)
      f.style.height = Math.min(4000, e.data.height) + 'px'
  })
})()
`
}

/** Inside the frame: tells the page around it how tall it is, and nothing else. */
export const frameScript = `(function () {
  if (parent === window) return
  var tell = function () { parent.postMessage({ type: 'liquor-agent:height', height: document.documentElement.offsetHeight }, '*') }
  if (window.ResizeObserver) new ResizeObserver(tell).observe(document.documentElement)
  tell()
})()
`
