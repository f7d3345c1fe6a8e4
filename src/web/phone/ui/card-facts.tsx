import type { CallCard } from '../core/card';
import { money, phoneNumber, tagName } from '../../shared/format';
import { TEXT } from '../texts';

/** How much of the card is known: as long as it rings, until the rest has come, and then. */
type Stage = 'ringing' | 'learning' | 'learned';

/** What the agent may know of the call. */
export function CardFacts({ card, stage }: { readonly card: CallCard; readonly stage: Stage }) {
  const hidden = TEXT.card.numberHidden[stage];
  return (
    <dl class="facts">
      <Fact name={TEXT.card.number} testId="card-number" quiet={card.number === undefined} whole>
        {card.number === undefined ? hidden : phoneNumber(card.number)}
      </Fact>
      {card.state !== undefined && (
        <Fact name={TEXT.card.state} testId="card-state">
          {card.state}
        </Fact>
      )}
      {card.price !== undefined && (
        <Fact name={TEXT.card.price} testId="card-price">
          {money(card.price, card.currency)}
        </Fact>
      )}
      {Object.entries(card.tags ?? {}).map(([name, value]) => (
        <Fact key={name} name={tagName(name)} testId={`card-tag-${name}`}>
          {value}
        </Fact>
      ))}
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly testId: string;
  readonly quiet?: boolean;
  /** Not to be broken into lines. */
  readonly whole?: boolean;
  readonly children: string;
}

function Fact({ name, testId, quiet = false, whole = false, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={quiet ? 'quiet' : whole ? 'whole' : undefined} data-testid={testId}>
        {children}
      </dd>
    </div>
  );
}
