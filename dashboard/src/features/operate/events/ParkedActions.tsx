// Trying a parked event again, and giving it up for good, which asks first.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Confirm, useAction } from "@/shared/ui/actions";
import { operate, type ParkedEvent, touched } from "../api";
import { t } from "../strings";

export function ParkedActions({ event }: { event: ParkedEvent }) {
  const { handler, position } = event;
  const [asking, setAsking] = useState(false);
  const replay = useAction({
    what: `replay event ${position}`,
    run: () => operate.replay(handler, position),
    done: () => t.events.didReplay(position, handler),
    touches: touched.events,
  });
  const discard = useAction({
    what: `discard event ${position}`,
    run: () => operate.discard(handler, position),
    done: () => t.events.didDiscard(position, handler),
    touches: touched.events,
    onDone: () => setAsking(false),
  });
  return (
    <>
      <Button
        size="xs"
        aria-label={t.events.replayName(position, handler)}
        loading={replay.isPending}
        onClick={() => replay.mutate(undefined)}
      >
        {t.events.replay}
      </Button>
      <Button size="xs" aria-label={t.events.discardName(position, handler)} onClick={() => setAsking(true)}>
        {t.events.discard}
      </Button>
      <Confirm
        opened={asking}
        title={t.events.discardTitle(position, handler)}
        confirm={t.events.discardDo}
        busy={discard.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => discard.mutate(undefined)}
      >
        {t.events.discardText(handler)}
      </Confirm>
    </>
  );
}
