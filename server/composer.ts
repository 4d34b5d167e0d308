/** The seam between dispatch, which decides that a message goes, and delivery, which knows how it reads. */
export { createComposer, type Composer, type SendToRender } from './delivery/render.ts'
export { previewMessage } from './delivery/preview.ts'
