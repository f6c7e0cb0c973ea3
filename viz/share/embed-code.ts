/** An element that shows a link in another page; sizes that are none are as large as the page around allows. */
export function embedCode(link: string, title: string, width: number, height: number): string {
  const size = (value: number, name: string) => (value >= 1 ? ` ${name}="${Math.floor(value)}"` : '');
  return `<iframe src="${attribute(link)}" title="${attribute(`Poolscope: ${title}`)}"${size(width, 'width')}${size(height, 'height')} loading="lazy"></iframe>`;
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
