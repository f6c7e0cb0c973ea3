import { follow } from './text/text.ts';

/** The element of that id, which the page has. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as T;
}

type Child = Node | string | null | (() => string);

/**
 * An element with properties and children; text is always text, never markup. A function is a text that follows the
 * language: only for elements that live as long as the page.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Readonly<Record<string, unknown>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (typeof value === 'function') follow(() => element.setAttribute(name, String(value())));
    else if (name === 'class') element.className = String(value);
    else if (value !== null && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null).map(said));
  return element;
}

function said(child: Node | string | (() => string)): Node | string {
  if (typeof child !== 'function') return child;
  const text = document.createTextNode('');
  follow(() => {
    text.data = child();
  });
  return text;
}

/** A text that changes with the steps; to be written where it is another only, since the page is laid out anew for it. */
export function say(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon in the colour of the text around it; the button that it stands in has the name. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'glyph');
  svg.setAttribute('aria-hidden', 'true');
  const outline = document.createElementNS(SVG, 'path');
  outline.setAttribute('d', path);
  svg.append(outline);
  return svg;
}

/** A canvas's drawing context, its backing store fitted to its box and the screen's density. */
export function fitCanvas(canvas: HTMLCanvasElement): {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
} {
  const { clientWidth: width, clientHeight: height } = canvas;
  const density = window.devicePixelRatio || 1;
  const pixelsX = Math.max(1, Math.round(width * density));
  const pixelsY = Math.max(1, Math.round(height * density));
  if (canvas.width !== pixelsX || canvas.height !== pixelsY) {
    canvas.width = pixelsX;
    canvas.height = pixelsY;
  }
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.setTransform(density, 0, 0, density, 0, 0);
  return { context, width, height };
}
