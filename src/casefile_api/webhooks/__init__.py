"""Who wants to be told, and the telling: endpoints, signed deliveries, the feed of events."""
