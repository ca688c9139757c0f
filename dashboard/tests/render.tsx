// Draws a part of a page as the application does: with the theme, an address, and queries that hold what the test says.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";

/** Answers are kept for good, so that nothing asks a server that is not there. */
export function answers(...held: [readonly unknown[], unknown][]): QueryClient {
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, refetchInterval: false } },
  });
  for (const [key, data] of held) client.setQueryData(key, data);
  return client;
}

export async function show(children: ReactNode, client = answers(), path = "/") {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <>{children}</>, notFoundComponent: () => <>{children}</> }),
    history: createMemoryHistory({ initialEntries: [path] }),
  });
  await router.load();
  return render(
    <MantineProvider>
      <QueryClientProvider client={client}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}
