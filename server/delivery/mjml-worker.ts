import { parentPort } from 'node:worker_threads'

interface MjmlResult {
  html: string
  errors: { line: number; message: string; tagName: string }[]
}
// mjml ships no types.
const name: string = 'mjml'
const { default: mjml } = (await import(name)) as { default: (source: string, options: object) => Promise<MjmlResult> }

parentPort!.on('message', ({ id, source }: { id: number; source: string }) => {
  mjml(source, { validationLevel: 'soft', ignoreIncludes: true, keepComments: false }).then(
    ({ html, errors }) =>
      parentPort!.postMessage({
        id,
        html,
        errors: errors.map(({ line, message, tagName }) => ({ line, message: `<${tagName}>: ${message}.` })),
      }),
    () =>
      parentPort!.postMessage({
        id,
        html: '',
        errors: [{ line: 1, message: 'This is not MJML: it begins with <mjml> and holds an <mj-body>.' }],
      }),
  )
})
