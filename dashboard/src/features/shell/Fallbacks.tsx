// What stands in for a page that does not exist or could not be drawn.
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Empty, ErrorNote } from "@/shared/ui/basics";
import { t } from "./strings";

export function NotFound() {
  return (
    <Empty title={t.shell.notFound} action={<Link to="/">{t.shell.toFleet}</Link>}>
      <p>{t.shell.notFoundText}</p>
    </Empty>
  );
}

export function PageCrash({ error, reset }: ErrorComponentProps) {
  return <ErrorNote error={error} what={t.shell.crashed} retry={reset} />;
}
