import {
  keepPreviousData,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query'
import { ApiError, call, type ArgsWith, type ReplyOf } from './api.ts'
import type { Endpoint, ReadEndpoint } from './contract.ts'
import { toastError } from '../ui/toast.tsx'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // What the server refused will be refused again; only a silent or broken server is asked twice more.
      retry: (times, error) => times < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
      retryDelay: (times) => 500 * 2 ** times,
      refetchOnWindowFocus: true,
    },
  },
})

interface ReadOptions {
  enabled?: boolean
  /** milliseconds, or false */
  every?: number | false
  staleMs?: number
}

/** Reads an endpoint: `useApi('GET /api/v1/customers/:id', { params: { id } })`. Old rows stay while new ones load. */
export function useApi<E extends ReadEndpoint>(
  endpoint: E,
  ...[args, options = {}]: ArgsWith<E, ReadOptions>
): UseQueryResult<ReplyOf<E>> {
  return useQuery({
    queryKey: [endpoint, args ?? {}],
    queryFn: async ({ signal }) => (await call(endpoint, args as object | undefined, { signal })) as ReplyOf<E>,
    placeholderData: keepPreviousData as never,
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
    ...(options.staleMs === undefined ? {} : { staleTime: options.staleMs }),
  }) as UseQueryResult<ReplyOf<E>>
}

/** May be left out (`mutate()`) where nothing must be sent. */
type MutationArgs<E extends Endpoint> = ArgsWith<E, never>[0]

interface WriteOptions<E extends Endpoint> {
  /** endpoints (or beginnings of them) whose answers are old afterwards, e.g. `GET /api/v1/campaigns` */
  refresh?: string[]
  onDone?: (reply: ReplyOf<E>, args: MutationArgs<E>) => void
  /** default: a toast; give a function to show it in the form */
  onError?: (error: unknown) => void
}

/** Writes to an endpoint: `const save = useSend('PATCH /api/v1/...', { refresh: [...] }); save.mutate({ body })`. */
export function useSend<E extends Endpoint>(
  endpoint: E,
  options: WriteOptions<E> = {},
): UseMutationResult<ReplyOf<E>, unknown, MutationArgs<E>> {
  return useMutation({
    mutationFn: async (args: MutationArgs<E>) => (await call(endpoint, args as object | undefined)) as ReplyOf<E>,
    onSuccess: (reply, args) => {
      for (const start of options.refresh ?? []) void refresh(start)
      options.onDone?.(reply, args)
    },
    onError: options.onError ?? toastError,
  })
}

/** Marks the answers of endpoints that start with `start` as old; those on screen are loaded again. */
export function refresh(start = ''): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey: [endpoint] }) => typeof endpoint === 'string' && endpoint.startsWith(start),
  })
}

/** Follows a job until it ends. */
export function useJob(id: string | null) {
  const client = useQueryClient()
  return useQuery(
    {
      queryKey: ['GET /api/v1/jobs/:id', { params: { id } }],
      queryFn: async ({ signal }) =>
        (await call('GET /api/v1/jobs/:id', { params: { id } }, { signal })) as ReplyOf<'GET /api/v1/jobs/:id'>,
      enabled: id !== null,
      refetchInterval: ({ state: { data } }) => (data && data.finished_at !== null ? false : 1000),
    },
    client,
  )
}
