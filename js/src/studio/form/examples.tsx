// What may be tried by who has made nothing yet.

import type { Page } from "../../ui/page.ts";

const EXAMPLES = {
  "A fox trotting through fresh snow": "dawn, slow tracking shot, breath in the cold air, soft rim light",
  "Misty lake at dawn, drone rising": "pines and mountains, still water, first sun on the peaks",
  "Neon rain over a sleeping harbour": "wet cobblestones, slow push in, signs mirrored, night",
  "Waterfall, vertical pan": "from the foaming pool up to the cliff, emerald forest, fine spray",
};

export function Examples({ page }: { page: Page }) {
  return (
    <section class="rw-examples" aria-label="Examples">
      Try one:
      {Object.entries(EXAMPLES).map(([short, more]) => (
        <button
          key={short}
          type="button"
          class="rw-chip"
          title={more}
          onClick={({ currentTarget }) => {
            const aspect_ratio = short.includes("vertical") ? "9:16" : "16:9";
            page.use({ prompt: `${short}, ${more}`, aspect_ratio });
            currentTarget.closest(".rw-card")?.querySelector("textarea")?.focus();
          }}
        >
          {short}
        </button>
      ))}
    </section>
  );
}
