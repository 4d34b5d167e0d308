import { WebSocket as Socket } from 'partysocket'
import { useEffect, useRef } from 'react'
import { create } from 'zustand'
import { currentToken, renewSession } from './session.ts'
import { refresh } from './query.ts'

export type LiveState = 'live' | 'connecting' | 'offline'
export type LiveEvent = { topic: string } & Record<string, unknown>

/** The state of every open socket by its path; the shell shows the worst. */
export const useLiveStates = create<{ states: Record<string, LiveState> }>(() => ({ states: {} }))

interface Room {
  socket: Socket
  listeners: Set<(event: LiveEvent) => void>
  /** where we are: a server that we come back to sends what came since */
  cursor: string | null
}
const rooms = new Map<string, Room>()

function note(path: string, state: LiveState | null): void {
  useLiveStates.setState(({ states }) => {
    const next = { ...states }
    if (state) next[path] = state
    else delete next[path]
    return { states: next }
  })
}

function open(path: string): Room {
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
  const socket = new Socket(url, [], {
    minReconnectionDelay: 300,
    maxReconnectionDelay: 4000,
    reconnectionDelayGrowFactor: 1.6,
    maxEnqueuedMessages: 0,
  })
  const room: Room = { socket, listeners: new Set(), cursor: null }
  let wasLive = false
  note(path, 'connecting')
  socket.addEventListener('open', () => void admit())
  socket.addEventListener('close', (e) => {
    note(path, 'offline')
    // 4401: the token ran out while the socket was open.
    if (e.code === 4401) void renewSession()
  })
  socket.addEventListener('message', (message) => {
    const event = JSON.parse(String(message.data)) as LiveEvent
    if (event.topic === 'ready') {
      note(path, 'live')
      // Notices and states come by the cursor; whatever else is on screen is read again.
      if (wasLive) void refresh()
      wasLive = true
      return
    }
    room.cursor = cursorOf(path, event) ?? room.cursor
    for (const listener of room.listeners) listener(event)
  })
  async function admit(): Promise<void> {
    if (!currentToken()) await renewSession()
    const token = currentToken()
    if (token) socket.send(JSON.stringify({ token, ...(room.cursor ? { after: room.cursor } : {}) }))
    else socket.close()
  }
  rooms.set(path, room)
  return room
}

function cursorOf(path: string, event: LiveEvent): string | null {
  const cursor = path.startsWith('/ws/campaign/') ? event['at'] : event['cursor']
  return typeof cursor === 'string' ? cursor : null
}

/** Listens to a live path (`/ws/analytics`, `/ws/notifications`, `/ws/campaign/{id}/status`); one socket per path for the whole app. */
export function useLive(path: string | null, onEvent: (event: LiveEvent) => void): void {
  const latest = useRef(onEvent)
  useEffect(() => {
    latest.current = onEvent
  })
  useEffect(() => {
    if (!path) return
    const room = rooms.get(path) ?? open(path)
    const listener = (event: LiveEvent): void => latest.current(event)
    room.listeners.add(listener)
    return () => {
      room.listeners.delete(listener)
      // React mounts twice in development and pages hand over: close only what nobody took up again.
      setTimeout(() => {
        if (room.listeners.size > 0 || rooms.get(path) !== room) return
        rooms.delete(path)
        room.socket.close()
        note(path, null)
      }, 500)
    }
  }, [path])
}

/** Loads endpoints again when something happens on a live path, at most once per `ms`. */
export function useLiveRefresh(
  path: string | null,
  endpoints: readonly string[],
  ms = 1000,
  wanted: (event: LiveEvent) => boolean = () => true,
): void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (timer.current && clearTimeout(timer.current)), [])
  const lastAt = useRef(0)
  useLive(path, (event) => {
    if (timer.current || !wanted(event)) return
    timer.current = setTimeout(
      () => {
        timer.current = null
        lastAt.current = Date.now()
        for (const endpoint of endpoints) void refresh(endpoint)
      },
      Math.max(0, lastAt.current + ms - Date.now()),
    )
  })
}
