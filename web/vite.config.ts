import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const api = process.env['LMA_API'] ?? 'http://localhost:8000'

/** The one font of the first page starts loading with the HTML, not after the CSS. */
const preloadFont: Plugin = {
  name: 'preload-font',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle }) {
      const font = Object.keys(bundle ?? {}).find(
        (name) => /archivo-[^/]*\.woff2$/.test(name) && !name.includes('-ext'),
      )
      if (!font) return []
      return [
        {
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `/${font}` },
          injectTo: 'head-prepend',
        },
      ]
    },
  },
}

export default defineConfig({
  root: import.meta.dirname,
  // The server puts the nonce of each answer in its place (server/http/content-policy.ts).
  html: { cspNonce: '__CSP_NONCE__' },
  plugins: [react(), tailwindcss(), preloadFont],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 600 },
  server: {
    // changeOrigin would make the server's same-origin check refuse every write.
    proxy: Object.fromEntries(
      ['/api', '/t/', '/u/', '/p/', '/s/', '/docs', '/openapi.json', '/ws'].map((path) => [
        path,
        { target: api, changeOrigin: false, ws: path === '/ws' },
      ]),
    ),
  },
})
