import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { xml } from '@codemirror/lang-xml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState, StateEffect, StateField } from '@codemirror/state'
import { Decoration, EditorView, keymap, lineNumbers, type DecorationSet } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { styleNonce } from '../../../lib/nonce.ts'

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: 'var(--green)' },
  { tag: tags.attributeName, color: 'var(--cobalt)' },
  { tag: [tags.attributeValue, tags.string], color: 'var(--amber)' },
  { tag: tags.comment, color: 'var(--ink-2)', fontStyle: 'italic' },
])
const look = EditorView.theme({
  '&': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    fontSize: '13px',
    border: '1px solid var(--line-strong)',
    borderRadius: '3px',
  },
  '&.cm-focused': { outline: '2px solid var(--cobalt)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, monospace', lineHeight: '20px', maxHeight: '32rem', minHeight: '20rem' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--ink-2)', border: 'none' },
  '.cm-fault': { backgroundColor: 'var(--wine-soft)' },
})

const setFaults = StateEffect.define<readonly number[]>()
const faultLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    for (const effect of change.effects)
      if (effect.is(setFaults)) {
        const { doc } = change.state
        const starts = effect.value.filter((n) => n >= 1 && n <= doc.lines).map((n) => doc.line(n).from)
        return Decoration.set(
          [...new Set(starts)].toSorted((a, b) => a - b).map((at) => Decoration.line({ class: 'cm-fault' }).range(at)),
        )
      }
    return marks.map(change.changes)
  },
  provide: (field) => EditorView.decorations.from(field),
})

/** MJML with colours and line numbers; Tab leaves it, as it does any field. Loaded when the code view is first opened. */
export default function CodeEditor({
  value,
  onChange,
  label,
  faults,
  readOnly,
}: {
  value: string
  onChange: (value: string) => void
  label: string
  /** lines that something is wrong with */
  faults: readonly number[]
  readOnly: boolean
}) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(onChange)
  useEffect(() => {
    latest.current = onChange
  })
  useEffect(() => {
    if (!place.current) return
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(styleNonce),
          lineNumbers(),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          xml(),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          look,
          faultLines,
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = editor
    return () => {
      editor.destroy()
      view.current = null
    }
    // What changes later is put in below; a new editor would lose cursor and undo.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [label, readOnly])
  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  useEffect(() => {
    view.current?.dispatch({ effects: setFaults.of(faults) })
  }, [faults])
  return <div ref={place} />
}
