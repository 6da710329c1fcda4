/**
 * The reference of a video without sound. As a property: with the attribute alone it was not muted, and an
 * unmuted one may not start by itself.
 */
export function mute(element: HTMLVideoElement | null): void {
  if (element) element.muted = true;
}
