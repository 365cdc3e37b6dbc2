// The inside of the custom element: markup and style.
export const viewerMarkup = `
<style>
:host { display: block; position: relative; min-height: 160px; aspect-ratio: 4 / 3; overflow: hidden;
  background: var(--voxpack-background, #fff); color: var(--voxpack-text, #222);
  font: 14px/1.4 system-ui, sans-serif; }
:host([hidden]) { display: none; }
canvas, .poster { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
canvas { touch-action: none; cursor: grab; outline-offset: -3px; }
canvas:active { cursor: grabbing; }
.poster { object-fit: contain; pointer-events: none; transition: opacity 0.25s; }
.progress { position: absolute; left: 10%; right: 10%; bottom: 24px; height: 4px; border-radius: 2px;
  background: #8884; overflow: hidden; }
.progress div { height: 100%; width: 0; background: var(--voxpack-accent, #2a6fdb); transition: width 0.1s; }
.message { position: absolute; left: 10%; right: 10%; top: 50%; transform: translateY(-50%); margin: 0;
  padding: 12px 16px; border-radius: 6px; background: #fffd; color: #222; text-align: center; box-shadow: 0 1px 6px #0004; }
.message button { margin-top: 8px; }
.full { position: absolute; right: 8px; top: 8px; width: 36px; height: 36px; padding: 0; border: 0; border-radius: 6px;
  background: #fff8; color: #222; cursor: pointer; opacity: 0.6; }
.full:hover, .full:focus-visible { opacity: 1; }
.stats { position: absolute; left: 8px; top: 8px; margin: 0; padding: 6px 8px; border-radius: 6px; background: #000a;
  color: #fff; font: 12px/1.4 ui-monospace, monospace; pointer-events: none; white-space: pre; }
[hidden] { display: none !important; }
@media (prefers-reduced-motion: reduce) { .poster, .progress div { transition: none; } }
</style>
<canvas tabindex="0" role="img"></canvas>
<img class="poster" alt="" hidden>
<div class="progress" role="progressbar" aria-label="Loading the model" aria-valuemin="0" aria-valuemax="100" hidden><div></div></div>
<pre class="stats" hidden></pre>
<button class="full" type="button" aria-label="Full screen" title="Full screen (F)">
<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
<path d="M1 6V1h5M10 1h5v5M15 10v5h-5M6 15H1v-5"/></svg></button>
<div class="message" role="alert" hidden><span></span></div>
`;

export const canvasHelp = 'Drag or use the arrow keys to turn, plus and minus to zoom, F for full screen, I for figures.';
