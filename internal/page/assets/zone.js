// Time zones. Browsers list some by names that their countries have given up.

import { byId, make } from './dom.js';

const today = {
  'Africa/Asmera': 'Africa/Asmara', 'America/Buenos_Aires': 'America/Argentina/Buenos_Aires', 'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis', 'America/Louisville': 'America/Kentucky/Louisville', 'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu', 'Asia/Rangoon': 'Asia/Yangon', 'Asia/Saigon': 'Asia/Ho_Chi_Minh', 'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv', 'Pacific/Enderbury': 'Pacific/Kanton', 'Pacific/Ponape': 'Pacific/Pohnpei', 'Pacific/Truk': 'Pacific/Chuuk',
};
const named = (zone) => today[zone] ?? zone;

export const localZone = named(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');

// newZone is the field in which a zone is searched.
export function newZone(chosen) {
  const field = byId('zone');
  let shown = '';
  byId('zones').replaceChildren(...[...new Set(['UTC', ...Intl.supportedValuesOf('timeZone').map(named)])].map((value) =>
    make('option', { value, label: value === localZone ? 'here' : '' })));
  const proper = (text) => [...byId('zones').options].find(({ value }) => value.toLowerCase() === text.toLowerCase())?.value ?? text;
  field.onfocus = () => { field.placeholder = shown; field.value = ''; };
  field.onblur = () => { field.value = shown; };
  field.onchange = () => {
    const text = field.value.trim().replaceAll(' ', '_');
    const known = proper(text);
    field.value = known;
    if (known) chosen(known === localZone ? '' : known);
  };
  return (zone) => {
    shown = proper(zone || localZone);
    if (document.activeElement === field) field.placeholder = shown;
    else field.value = shown;
  };
}
