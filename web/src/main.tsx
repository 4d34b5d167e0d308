import './main.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { pages } from './app/routes.tsx'
import { router } from './app/router.tsx'
import { queryClient } from './lib/query.ts'
import { endSession, renewSession } from './lib/session.ts'

// The page's own code comes down while the session is renewed.
void pages.find((p) => p.path === location.pathname)?.load()
void renewSession().then((ok) => ok || endSession('out'))

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}
