import { Skeleton } from '../../ui/page.tsx'

/** The boxes of the dashboard at their final sizes, so that nothing jumps. */
export function DashboardSkeleton() {
  return (
    <div className="space-y-5">
      <div>
        <Skeleton className="mb-1.5 h-4 w-20" />
        <Skeleton className="h-[92px]" />
      </div>
      <div>
        <div className="grid grid-cols-2 gap-px border-b-[5px] border-shelf lg:grid-cols-4">
          {[0, 1, 2, 3].map((i) => (
            <Skeleton key={i} className="h-[127px]" />
          ))}
        </div>
        <Skeleton className="h-[342px]" />
      </div>
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_340px]">
        <Skeleton className="h-[420px]" />
        <Skeleton className="h-60" />
      </div>
    </div>
  )
}
