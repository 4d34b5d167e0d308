import { parentPort } from 'node:worker_threads'

interface MjmlResult {
  html: string
  errors: { formattedMessage: string }[]
}
// mjml ships no types.
const name: string = 'mjml'
const { default: mjml } = (await import(name)) as { default: (source: string, options: object) => Promise<MjmlResult> }

parentPort!.on('message', ({ id, source }: { id: number; source: string }) => {
  mjml(source, { validationLevel: 'soft', ignoreIncludes: true, keepComments: false }).then(
    ({ html, errors }) => parentPort!.postMessage({ id, html, errors: errors.map((e) => e.formattedMessage) }),
    (error: unknown) => parentPort!.postMessage({ id, html: '', errors: [(error as Error).message] }),
  )
})
