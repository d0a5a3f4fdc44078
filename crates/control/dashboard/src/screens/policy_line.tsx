// The versions of a list on a line, with those of the clients that are connected above it.
import { useMemo } from "preact/hooks";

import type { Item } from "../api/types";
import { type Bar, type Point, type Stretch, type VersionLine, versionLine } from "../model/version_line";
import { visible } from "../model/visible";
import { liveVersions, useSessionsNow } from "./policy_now";

/** Items that are drawn. */
const MOST = 40;

/** Live versions that are drawn: those with the most sessions. */
const MOST_VERSIONS = 80;

const AXIS = 80;
const LANE = 26;

export function PolicyLine({ items }: { items: Item[] }) {
  const key = useSessionsNow();
  const [line, left] = useMemo(() => {
    const versions = [...liveVersions()].sort(([, one], [, other]) => other - one);
    const drawn = items.slice(0, MOST);
    return [versionLine(new Map(versions.slice(0, MOST_VERSIONS)), drawn), versions.length - MOST_VERSIONS] as const;
  }, [items, key]);
  const height = AXIS + 38 + LANE * Math.max(1, line.lanes) + 6;
  return (
    <figure class="policy-line" id="policy-versions-line">
      <figcaption>
        <h3>On a line</h3>
        <p class="hint">Above it the clients that are connected: ● may stay, ✖ is held by an item. Below it the items. Each product has a stretch of its own.</p>
      </figcaption>
      <div class="table-box" role="region" aria-label="The versions on a line" tabIndex={0}>
        <svg width={line.width} height={height} role="img" aria-label={inWords(line)}>
          {line.stretches.map((stretch) => <StretchShape key={stretch.product} stretch={stretch} height={height} />)}
          <line class="policy-axis" x1="0" x2={line.width} y1={AXIS} y2={AXIS} />
          {line.bars.map((bar) => <BarShape key={bar.item.ordinal} bar={bar} />)}
          {line.points.map((point) => <PointShape key={point.version} point={point} />)}
        </svg>
      </div>
      {MOST < items.length && <p class="hint">The first {MOST} items are drawn.</p>}
      {0 < left && <p class="hint">{left} more versions are connected.</p>}
      <details>
        <summary>As a table</summary>
        <LineTable line={line} />
      </details>
    </figure>
  );
}

function StretchShape({ stretch, height }: { stretch: Stretch; height: number }) {
  const { product, name, from } = stretch;
  return (
    <g>
      <line class="policy-stretch" x1={from} x2={from} y1="4" y2={height} />
      <text class="policy-product" x={from + 6} y="16">
        {product}.x
      </text>
      <text class="policy-product-name" x={from + 6} y="31">
        {name}
      </text>
    </g>
  );
}

function PointShape({ point }: { point: Point }) {
  const { version, x, sessions, item } = point;
  return (
    <g>
      <line class="policy-axis" x1={x} x2={x} y1={AXIS - 4} y2={AXIS + 4} />
      <text class={0 < sessions ? "policy-version" : "policy-version policy-bound"} x={x} y={AXIS + 20} text-anchor="middle">
        {version}
      </text>
      {0 < sessions && (
        <>
          <text class={item ? "policy-mark policy-mark-held" : "policy-mark"} x={x} y={AXIS - 9} text-anchor="middle">
            {item ? "✖" : "●"}
          </text>
          <text class="policy-sessions" x={x} y={AXIS - 27} text-anchor="middle">
            {sessions.toLocaleString("en")}
          </text>
        </>
      )}
    </g>
  );
}

function BarShape({ bar }: { bar: Bar }) {
  const { item, from, to, lane, isOpenBelow, isOpenAbove } = bar;
  const y = AXIS + 32 + lane * LANE;
  return (
    <g>
      <rect class="policy-bar" x={from} y={y} width={Math.max(4, to - from)} height="8" rx="4" />
      {isOpenBelow && <path class="policy-arrow" d={`M ${from + 10} ${y - 3} L ${from - 2} ${y + 4} L ${from + 10} ${y + 11} Z`} />}
      {isOpenAbove && <path class="policy-arrow" d={`M ${to - 10} ${y - 3} L ${to + 2} ${y + 4} L ${to - 10} ${y + 11} Z`} />}
      <text class="policy-bar-text" x={from + (isOpenBelow ? 14 : 0)} y={y + 20}>
        {visible(item.text)}
      </text>
    </g>
  );
}

function inWords({ points, bars }: VersionLine): string {
  const live = points.filter(({ sessions }) => 0 < sessions).map(({ version, sessions, item }) => `${version} ${sessions}${item ? " held" : ""}`);
  const items = bars.map(({ item, sessions }) => `${visible(item.text)} holds ${sessions}`);
  const told = [live.length === 0 ? "Nobody is connected" : `Sessions by version: ${live.slice(0, 20).join(", ")}`];
  told.push(items.length === 0 ? "the list has no items" : `items: ${items.slice(0, 20).join(", ")}`);
  return `${told.join("; ")}. All of it is in the table below.`;
}

function LineTable({ line }: { line: VersionLine }) {
  const live = line.points.filter(({ sessions }) => 0 < sessions);
  return (
    <div class="policy-tables">
      <div class="table-box" tabIndex={0} role="region" aria-label="Versions that are connected">
        <table>
          <thead>
            <tr>
              <th scope="col">Version connected</th>
              <th scope="col" class="end">
                Sessions
              </th>
              <th scope="col">Held by</th>
            </tr>
          </thead>
          <tbody>
            {live.map(({ version, sessions, item }) => (
              <tr key={version}>
                <th scope="row">{version}</th>
                <td class="end">{sessions}</td>
                <td>{item ? <code>{visible(item.text)}</code> : "nothing"}</td>
              </tr>
            ))}
            {live.length === 0 && (
              <tr>
                <td colSpan={3}>Nobody is connected.</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <div class="table-box" tabIndex={0} role="region" aria-label="Items of the list">
        <table>
          <thead>
            <tr>
              <th scope="col">Item</th>
              <th scope="col">From</th>
              <th scope="col">Through</th>
              <th scope="col" class="end">
                Sessions
              </th>
            </tr>
          </thead>
          <tbody>
            {line.bars.map(({ item, sessions }) => {
              const [low = "", high = ""] = item.key.split("-");
              return (
                <tr key={item.ordinal}>
                  <th scope="row">{visible(item.text)}</th>
                  <td>{low || "the first"}</td>
                  <td>{high || "the last"}</td>
                  <td class="end">{sessions}</td>
                </tr>
              );
            })}
            {line.bars.length === 0 && (
              <tr>
                <td colSpan={4}>The list has no items.</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}
