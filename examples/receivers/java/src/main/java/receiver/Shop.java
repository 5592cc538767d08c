package receiver;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Acts upon each event once. */
final class Shop {
  /** The events to act upon, and the shop's own number in each. Two callbacks with other ids can tell of the same. */
  private static final Map<String, List<String>> KNOWN =
      Map.of(
          "TRANSACTION.SUCCESS", List.of("out_trade_no", "combine_out_trade_no"),
          "REFUND.SUCCESS", List.of("out_refund_no"),
          "REFUND.ABNORMAL", List.of("out_refund_no"),
          "REFUND.CLOSED", List.of("out_refund_no"),
          "MCHTRANSFER.BILL.FINISHED", List.of("out_bill_no"),
          "MEMBERCARD.ACCEPT_CARD", List.of(),
          "MEMBERCARD.ACTIVATE_CARD", List.of(),
          "MEMBERCARD.USERCARD_MANAGE", List.of());

  private final JsonObject order;
  private final Set<String> done = new HashSet<>();
  private int count;

  /** With null for the order, the shop takes any payment for one of its own. */
  Shop(JsonObject order) {
    this.order = order;
  }

  /** Forgets all events. */
  synchronized void reset() {
    done.clear();
    count = 0;
  }

  /** How many events it acted upon. */
  synchronized int count() {
    return count;
  }

  /**
   * Acts upon an event, unless it is unknown or done already. Here that is quick. Work that takes longer belongs in a queue: the
   * gateway waits 5 seconds for the answer.
   */
  void act(Event event) {
    List<String> names = KNOWN.get(event.type);
    if (names == null) {
      return;
    }
    if (event.type.equals("TRANSACTION.SUCCESS") && !isOrdered(event.resource)) {
      // A person has to look at it. To refuse the callback would only make it come again.
      System.err.printf("not booked: callback %s is about a payment that is not as ordered%n", event.id);
      return;
    }
    // A real shop has a unique index for this, and writes all keys in the transaction that does the work.
    List<String> keys = new ArrayList<>(List.of("id " + event.id));
    for (String name : names) {
      JsonElement number = event.resource.get(name);
      if (number != null && number.isJsonPrimitive()) {
        keys.add(event.type + " " + number.getAsString());
      }
    }
    synchronized (this) {
      boolean isDone = keys.stream().anyMatch(done::contains);
      done.addAll(keys);
      count += isDone ? 0 : 1;
    }
  }

  /** Whether a payment is the one that was ordered. A signature only says who sent the callback. */
  private boolean isOrdered(JsonObject payment) {
    return order == null
        || (Stream.of("out_trade_no", "mchid", "appid").allMatch(name -> order.get(name).equals(payment.get(name)))
            && total(order).equals(total(payment)));
  }

  private static Optional<JsonElement> total(JsonObject payment) {
    return Optional.ofNullable(payment.get("amount"))
        .filter(JsonElement::isJsonObject)
        .map(amount -> amount.getAsJsonObject().get("total"));
  }
}
