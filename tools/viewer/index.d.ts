// Types of the custom element <voxpack-viewer>. Importing the module defines the element.

export interface PackageInfo {
  /** Corner and edge of the cube, world units. */
  origin: [number, number, number];
  edge: number;
  /** Cells per axis at level 0. */
  resolution: number;
  min_level: number;
  max_level: number;
  /** 0 rgb, 1 sh1, 2 sh2, 3 mlp. */
  appearance_kind: 0 | 1 | 2 | 3;
  feature_count: number;
  hidden_width: number;
  /** Features of a point, without the density. */
  channel_count: number;
  point_count: number;
}

export type ViewerErrorCode =
  | 'network'      // the connection failed or ended
  | 'http'         // the server answered with an error, such as 404
  | 'data'         // not a package, or cut, or damaged
  | 'unsupported'  // no WebGL2, or a package of a newer format
  | 'memory'
  | 'internal';

export interface ViewerCamera {
  centre: [number, number, number];
  /** Radians; yaw around z, pitch above the horizontal plane. */
  yaw: number;
  pitch: number;
  /** World units. */
  distance: number;
}

export interface VoxpackViewerEventMap {
  /** Bytes of the package that have arrived, of `total`. */
  progress: CustomEvent<{bytes: number; total: number}>;
  /** Something is drawn, maybe coarser than the whole. */
  firstpicture: CustomEvent<{bytes: number}>;
  /** All of the package is drawn; seconds without and with decoding, peak of the decoder's memory. */
  load: CustomEvent<{info: PackageInfo; seconds: {fetch: number; decode: number}; heap_bytes: number}>;
  error: CustomEvent<{code: ViewerErrorCode; message: string}>;
}

export class VoxpackViewer extends HTMLElement {
  /** Address of the package, or #id of a script element that holds it as base64. */
  src: string;
  readonly loadState: 'empty' | 'loading' | 'shown' | 'complete' | 'error';
  readonly info?: PackageInfo;
  /** Change it, then call redraw(). */
  readonly camera: ViewerCamera;
  redraw(): void;
  toggleFullScreen(): void;
  addEventListener<K extends keyof VoxpackViewerEventMap>(
      type: K, listener: (this: VoxpackViewer, event: VoxpackViewerEventMap[K]) => void,
      options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject,
                   options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'voxpack-viewer': VoxpackViewer;
  }
}
